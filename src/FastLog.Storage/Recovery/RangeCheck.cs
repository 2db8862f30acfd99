using FastLog.Primitives;
using FastLog.Storage.Disk;
using FastLog.Storage.Flushing;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Recovery;

/// <summary>
/// Checks whole batches of a range that was durable: what fails is damage, and the check goes on behind it. Used for
/// carried bytes and by the offline inspection. One thread.
/// </summary>
internal sealed class RangeCheck(IDiskFile file, FlushPoint start, SegmentEnd end, LeaderEpoch epochMax)
{
    /// <summary>The chain CRC at the end; null when damage was jumped over.</summary>
    public uint? Chain { get; private set; }

    public LeaderEpoch LastEpoch { get; private set; } = LeaderEpoch.None;

    /// <summary>The damage found, in order.</summary>
    /// <exception cref="DiskException">The device could not read.</exception>
    public List<LogDefect> Run()
    {
        var defects = new List<LogDefect>();
        using var leased = new LeasedFile(file, owned: false);
        using var scan = new TailScan(file, start, end.Position, LeaderEpoch.None, epochMax);
        while (true)
        {
            while (scan.TryNext())
            {
            }

            if (scan.Position >= end.Position && scan.NextOffset == end.NextOffset)
                break;
            SegmentEnd next = end;
            string reason = scan.Reason;
            if (scan.Position < end.Position)
                BatchResync.Find(leased, scan.Position, scan.NextOffset, end, segment: null, out next);
            else
                reason = $"the batches lead to offset {scan.NextOffset}, recorded is {end.NextOffset}";
            defects.Add(new LogDefect(
                scan.Position < end.Position ? scan.DefectKind : LogDefectKind.OffsetNotContinuous,
                file.Path,
                scan.Position,
                next.Position.Since(scan.Position),
                scan.NextOffset,
                next.NextOffset.Plus(-1),
                reason));
            if (next.Position >= end.Position)
                break;
            scan.SkipTo(next);
        }

        Chain = defects.Count == 0 ? scan.Chain : null;
        LastEpoch = scan.LastEpoch;
        return defects;
    }
}

/// <summary>A file of the port as a leased one, for walks that need no count.</summary>
internal sealed class LeasedFile(IDiskFile file, bool owned = true) : ILeasedFile, IDisposable
{
    public FileStream? SendStream => file.SendStream;

    public int Read(FilePosition position, Span<byte> destination) => file.Read(position, destination);

    public void Release()
    {
    }

    public void Dispose()
    {
        if (owned)
            file.Dispose();
    }
}

/// <summary>Writes seals outside of an append.</summary>
internal static class SealWriter
{
    /// <summary>Writes the seal and flushes the file.</summary>
    public static void Write(IDiskFile file, in SegmentSeal seal)
    {
        Span<byte> sector = stackalloc byte[SegmentLayout.SectorSize];
        seal.Write(sector);
        file.Write(new FilePosition(SegmentLayout.SealAt), sector);
        file.FlushData();
    }

    /// <summary>The segment takes appends again: its seal must not stand for its end.</summary>
    public static void Clear(IDiskFile file)
    {
        Span<byte> sector = stackalloc byte[SegmentLayout.SectorSize];
        sector.Clear();
        file.Write(new FilePosition(SegmentLayout.SealAt), sector);
        file.FlushData();
    }
}

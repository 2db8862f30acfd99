using FastLog.Primitives;
using FastLog.Records;
using FastLog.Storage.Disk;
using FastLog.Storage.Flushing;
using FastLog.Storage.Reading;
using FastLog.Storage.Recovery;
using FastLog.Storage.Scrubbing;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Inspection;

/// <summary>Reads one segment's batches from its start to its end and counts what is good. One thread, once.</summary>
/// <param name="file">The data file.</param>
/// <param name="found">What its header says.</param>
/// <param name="floor">Up to where an unsealed segment was durable; null when that is not known.</param>
/// <param name="indexes">Is held against the batches; null for an unsealed segment.</param>
/// <param name="cancellationToken">Ends it.</param>
internal sealed class SegmentWalk(
    TolerantFile file, FoundSegment found, SegmentEnd? floor, IndexScrub? indexes, CancellationToken cancellationToken)
{
    private long _batches;
    private long _records;
    private long _bytes;
    private LogOffset _first = LogOffset.None;
    private LogOffset _last = LogOffset.None;

    /// <summary>Where its data ends.</summary>
    public SegmentEnd End { get; private set; }

    /// <summary>Bytes behind the end that were written there, in an unsealed segment.</summary>
    public long TailBytes { get; private set; }

    public SegmentReport Run(bool isSealed, List<LogDefect> defects)
    {
        SegmentEnd? known = isSealed ? new SegmentEnd(found.Seal.EndPosition, found.Seal.NextOffset) : floor;
        long length = file.Length;
        bool isWhole = true;
        FlushPoint start = SegmentLayout.StartPoint(found.BaseOffset);
        var readEnd = new FilePosition(isSealed ? Math.Min(length, found.Seal.EndPosition.Value) : length);
        using var scan = new TailScan(file, start, readEnd, LeaderEpoch.None, new LeaderEpoch(int.MaxValue));
        while (true)
        {
            FilePosition position = scan.Position;
            uint chain = scan.Chain;
            while (scan.TryNext())
            {
                indexes?.Passed(position, scan.Header, chain, isWhole);
                Count(scan.Header);
                (position, chain) = (scan.Position, scan.Chain);
            }

            if (known is not { } end || scan.Position >= end.Position)
                break;
            isWhole = false;
            SegmentEnd next = end;
            if (scan.Position < readEnd)
                BatchResync.Find(file, scan.Position, scan.NextOffset, end, segment: null, out next);
            string reason = scan.Reason.Length > 0 ? scan.Reason : $"the file has {length} bytes";
            defects.Add(UnreadableBytes.Named(Defect(scan.DefectKind, scan.Position, next, scan.NextOffset, reason), file));
            if (next.Position >= readEnd)
            {
                End = next;
                return Report(isSealed);
            }

            scan.SkipTo(next);
        }

        End = new SegmentEnd(scan.Position, scan.NextOffset);
        if (isSealed)
            CheckSeal(scan, isWhole, defects);
        else
            TailBytes = TailResidue.End(file, found, scan.Position).Since(scan.Position);
        return Report(isSealed);
    }

    private void CheckSeal(TailScan scan, bool isWhole, List<LogDefect> defects)
    {
        var end = new SegmentEnd(found.Seal.EndPosition, found.Seal.NextOffset);
        if (scan.NextOffset != end.NextOffset)
            defects.Add(Defect(
                LogDefectKind.OffsetNotContinuous,
                SegmentLayout.DataStart,
                end,
                found.BaseOffset,
                $"the batches lead to offset {scan.NextOffset}, the seal says {end.NextOffset}"));
        else if (isWhole && scan.Chain != found.Seal.ChainCrc)
            defects.Add(Defect(
                LogDefectKind.ChainMismatch,
                SegmentLayout.DataStart,
                end,
                found.BaseOffset,
                $"the chain CRC of the batch headers is {scan.Chain:x8}, the seal says {found.Seal.ChainCrc:x8}"));
    }

    private void Count(in BatchHeader header)
    {
        if ((_batches & 0xFFF) == 0)
            cancellationToken.ThrowIfCancellationRequested();
        if (_batches == 0)
            _first = header.BaseOffset;
        _batches++;
        _records += header.RecordCount;
        _bytes += header.BatchSize;
        _last = header.LastOffset;
    }

    private LogDefect Defect(
        LogDefectKind kind, FilePosition position, SegmentEnd next, LogOffset first, string reason) =>
        new(kind, file.Path, position, next.Position.Since(position), first, next.NextOffset.Plus(-1), reason);

    private SegmentReport Report(bool isSealed) => new(
        file.Path, found.BaseOffset, isSealed, _batches, _records, _bytes, _first, _last, End.Position);
}

/// <summary>Shows a segment's batches one by one.</summary>
internal static class BatchVisitor
{
    public static string Run(
        IDisk disk, string path, Func<FilePosition, BatchHeader, ReadOnlyMemory<byte>, bool> visit)
    {
        string name = path[(path.LastIndexOf('/') + 1)..];
        if (!SegmentName.TryParse(name, SegmentName.DataSuffix, out LogOffset baseOffset)
            && !SegmentName.TryParse(name, SegmentName.SwapSuffix, out baseOffset))
            throw new StorageException(StorageErrorKind.InvalidArgument, path, $"'{path}' is no segment's data file");
        FoundSegment found = SegmentInventory.Look(disk, path, baseOffset, null);
        using IDiskFile file = disk.Open(path, DiskOpenMode.Read);
        bool isSealed = found.SealStatus == SegmentSealStatus.Ok;
        long end = isSealed ? Math.Min(file.Length, found.Seal.EndPosition.Value) : file.Length;
        using var scan = new TailScan(
            file,
            SegmentLayout.StartPoint(baseOffset),
            new FilePosition(end),
            LeaderEpoch.None,
            new LeaderEpoch(int.MaxValue));
        FilePosition at = scan.Position;
        while (scan.TryNext())
        {
            using BufferLease bytes = BufferPool.Shared.Rent(scan.Header.BatchSize, clearOnReturn: true);
            int count = file.Read(at, bytes.Span);
            if (!visit(at, scan.Header, bytes.Memory[..count]))
                return "";
            at = scan.Position;
        }

        if (isSealed)
            return scan.Position.Value < found.Seal.EndPosition.Value ? $"at {scan.Position}: {scan.Reason}" : "";
        return TailResidue.End(file, found, scan.Position) > scan.Position ? $"at {scan.Position}: {scan.Reason}" : "";
    }
}

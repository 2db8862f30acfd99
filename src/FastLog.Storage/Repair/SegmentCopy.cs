using FastLog.Primitives;
using FastLog.Records;
using FastLog.Storage.Disk;
using FastLog.Storage.Flushing;
using FastLog.Storage.Indexes;
using FastLog.Storage.Recovery;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Repair;

/// <summary>
/// A segment that is written anew under a name that a start removes, from good batches of the old one and gap batches, and
/// then takes its place. One thread.
/// </summary>
internal sealed class SegmentCopy : IDisposable
{
    private readonly SegmentContext _context;
    private readonly LogOffset _base;
    private readonly string _path;
    private readonly IDiskFile _file;
    private FilePosition _end = SegmentLayout.DataStart;
    private FilePosition _sourceEnd = SegmentLayout.DataStart;
    private LogOffset _next;
    private uint _chain = ChainCrc.Start;
    private LeaderEpoch _lastEpoch = LeaderEpoch.None;

    /// <exception cref="DiskException">The device failed or is full.</exception>
    public SegmentCopy(SegmentContext context, LogOffset baseOffset, Timestamp created)
    {
        _context = context;
        _base = baseOffset;
        _next = baseOffset;
        _path = SegmentName.Cleaned(context.Directory, baseOffset);
        context.Disk.DeleteFile(_path);
        _file = context.Disk.Open(_path, DiskOpenMode.CreateNew);
        byte[] header = new byte[SegmentLayout.HeaderSize];
        new SegmentHeader(context.Id, baseOffset, created).Write(header);
        _file.Write(FilePosition.Zero, header);
    }

    /// <summary>Where its data ends.</summary>
    public FlushPoint Point => new(_base, _end, _next, _chain);

    /// <summary>Copies whole batches up to the end given, or to the first place that is none.</summary>
    /// <returns>False when they end before it.</returns>
    /// <exception cref="DiskException">The device failed or is full.</exception>
    public bool Batches(IDiskFile source, FilePosition from, FilePosition to)
    {
        using var leased = new LeasedFile(source, owned: false);
        using var walk = new HeaderWalk(leased, from, _next, to, StorageLimits.WalkWindow);
        while (walk.TryNext(out BatchHeader header, out FilePosition at) == WalkStatus.Ok)
        {
            using BufferLease bytes = BufferPool.Shared.Rent(header.BatchSize, clearOnReturn: true);
            if (source.Read(at, bytes.Span) != header.BatchSize)
                break;
            Put(bytes.Span, header.NextOffset, header.LeaderEpoch);
        }

        _sourceEnd = walk.Position;
        return walk.Position == to;
    }

    /// <summary>Spans offsets that are lost.</summary>
    /// <exception cref="DiskException">The device failed or is full.</exception>
    public void Gap(LogOffset first, LogOffset end, LeaderEpoch epoch)
    {
        // The epoch must not fall behind that of the batch before, nor be unknown.
        epoch = epoch > _lastEpoch ? epoch : _lastEpoch;
        epoch = epoch > LeaderEpoch.Zero ? epoch : LeaderEpoch.Zero;
        Span<byte> batch = stackalloc byte[GapBatch.Size];
        while (first < end)
        {
            LogOffset to = LogOffset.Min(end, first.Plus(int.MaxValue));
            GapBatch.Write(batch, first, to, epoch);
            Put(batch, to, epoch);
            first = to;
        }
    }

    /// <summary>Copies what lies behind the last batch, if it is not zero: a start saves and cuts it.</summary>
    /// <exception cref="DiskException">The device failed or is full.</exception>
    public void Rest(IDiskFile source)
    {
        FilePosition end = CutBytes.NonZeroEnd(source, _sourceEnd);
        byte[] window = new byte[StorageLimits.WalkWindow];
        FilePosition to = _end;
        for (FilePosition at = _sourceEnd; at < end;)
        {
            int count = source.Read(at, window.AsSpan(0, (int)Math.Min(window.Length, end.Since(at))));
            _file.Write(to, window.AsSpan(0, count));
            at = at.Plus(count);
            to = to.Plus(count);
        }
    }

    /// <summary>Makes it durable and puts it in the place of the old one, with its indexes.</summary>
    /// <exception cref="DiskException">The device failed or is full: the old one is still there.</exception>
    public void Finish(bool isSealed, Timestamp lastAppend)
    {
        using var leased = new LeasedFile(_file, owned: false);
        IndexCheck check = _context.Rebuilder.Rebuild(_base, leased, lastAppend, new SegmentEnd(_end, _next), _chain);
        if (isSealed)
            SealWriter.Write(_file, new SegmentSeal(
                _base,
                _end,
                _next,
                check.MaxTimestamp,
                lastAppend,
                _chain,
                _lastEpoch,
                check.Written ? check.Image.Count : SegmentSeal.IndexEntriesUnknown));
        _file.FlushData();
        _context.Disk.Rename(_path, SegmentName.Data(_context.Directory, _base));
        _context.Disk.FlushDirectory(_context.Directory);
    }

    public void Dispose() => _file.Dispose();

    private void Put(ReadOnlySpan<byte> batch, LogOffset next, LeaderEpoch epoch)
    {
        _file.Write(_end, batch);
        _chain = ChainCrc.Append(_chain, batch);
        _end = _end.Plus(batch.Length);
        _next = next;
        _lastEpoch = epoch;
    }
}

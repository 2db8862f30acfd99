using System.Buffers.Binary;
using FastLog.Primitives;
using FastLog.Records;
using FastLog.Storage.Disk;
using FastLog.Storage.Flushing;
using FastLog.Storage.Indexes;

namespace FastLog.Storage.Segments;

/// <summary>Where an active segment stands, from a recovery or from its creation.</summary>
internal readonly record struct ActiveState(
    SegmentEnd End, uint ChainCrc, Timestamp MaxTimestamp, Timestamp LastAppend, LeaderEpoch LastEpoch);

/// <summary>
/// The segment that takes appends. Its file is reserved ahead of the data, so its size says nothing about its logical
/// end. Reads from any thread; all else in the partition's section only.
/// </summary>
internal sealed class ActiveSegment : Segment
{
    private readonly Lock _endGate = new();
    private SegmentEnd _end;
    private uint _chainCrc;
    private Timestamp _maxTimestamp;
    private long _maxTimestampMilliseconds;
    private long _lastAppendMilliseconds;
    private LeaderEpoch _lastEpoch;
    private FilePosition _indexed = SegmentLayout.DataStart;
    private long _allocatedEnd;
    private long _allocateStep = StorageLimits.AllocateAheadMin;
    private MappedIndex? _offsetIndex;
    private MappedIndex? _timeIndex;
    private MappedIndex[] _closedIndexes = [];

    private ActiveSegment(SegmentContext context, LogOffset baseOffset, Timestamp created, SegmentFile file)
        : base(context, baseOffset, created, file)
    {
    }

    public override SegmentEnd End
    {
        get
        {
            lock (_endGate)
                return _end;
        }
    }

    public override Timestamp MaxTimestamp => new(Volatile.Read(ref _maxTimestampMilliseconds));

    public override Timestamp LastAppend => new(Volatile.Read(ref _lastAppendMilliseconds));

    public FlushPoint Point => new(BaseOffset, _end.Position, _end.NextOffset, _chainCrc);

    public ActiveState State => new(_end, _chainCrc, _maxTimestamp, LastAppend, _lastEpoch);

    /// <summary>True when the file is open for appends.</summary>
    public bool IsOpen => File.Pinned is not null;

    /// <summary>
    /// Makes a segment's file with its header, open for appends: the spare one, where there is one. Neither it nor its
    /// directory entry is durable. A file
    /// of that name can only be the rest of an attempt that failed: nothing was ever acknowledged in it.
    /// </summary>
    /// <exception cref="DiskException">The device failed or is full; no file is left.</exception>
    public static ActiveSegment Create(SegmentContext context, LogOffset baseOffset, Timestamp now, long sizeMax)
    {
        string path = SegmentName.Data(context.Directory, baseOffset);
        context.Disk.DeleteFile(path);
        bool isTaken = context.Spare.TryTake(path, out FilePosition staleEnd);
        IDiskFile file = context.Disk.Open(path, isTaken ? DiskOpenMode.ReadWrite : DiskOpenMode.CreateNew);
        long allocated = SegmentLayout.HeaderSize;
        try
        {
            if (isTaken)
            {
                allocated = file.Length;
            }
            else
            {
                allocated = Math.Max(allocated, Math.Min(StorageLimits.AllocateAheadMin, sizeMax));
                file.Allocate(FilePosition.Zero, allocated);
            }

            Span<byte> header = stackalloc byte[SegmentLayout.HeaderSize];
            new SegmentHeader(context.Id, baseOffset, now, staleEnd).Write(header);
            file.Write(FilePosition.Zero, header);
        }
        catch
        {
            file.Dispose();
            TryDelete(context.Disk, path);
            throw;
        }

        SegmentFile segmentFile = context.FileOf(baseOffset);
        segmentFile.Pin(file);
        var segment = new ActiveSegment(context, baseOffset, now, segmentFile) { _allocatedEnd = allocated };
        var end = new SegmentEnd(SegmentLayout.DataStart, baseOffset);
        segment.Restore(new ActiveState(end, ChainCrc.Start, Timestamp.None, now, LeaderEpoch.None));
        segment.OpenIndexes(0);
        return segment;
    }

    /// <summary>A recovered segment; its file is opened by the first append or read.</summary>
    public static ActiveSegment Recovered(
        SegmentContext context, LogOffset baseOffset, Timestamp created, in ActiveState state)
    {
        var segment = new ActiveSegment(context, baseOffset, created, context.FileOf(baseOffset));
        segment.Restore(state);
        return segment;
    }

    /// <summary>Opens the files for appends if they are not.</summary>
    /// <exception cref="DiskException">The device failed.</exception>
    public void EnsureOpen()
    {
        if (IsOpen)
            return;
        IDiskFile file = Context.Disk.Open(File.Path, DiskOpenMode.ReadWrite);
        _allocatedEnd = file.Length;
        File.Pin(file);
        lock (IndexGate)
            OpenIndexes(EntriesInFiles);
    }

    /// <summary>Reserves blocks up to <paramref name="end"/> and some ahead.</summary>
    /// <param name="end">Where the data will end.</param>
    /// <param name="sizeMax">No more ahead than this file size.</param>
    /// <exception cref="DiskException">The device failed or is full; the segment is as before.</exception>
    public void EnsureAllocated(FilePosition end, long sizeMax)
    {
        if (end.Value <= _allocatedEnd)
            return;
        IDiskFile file = File.Pinned!;
        long ahead = Math.Max(end.Value, Math.Min(_allocatedEnd + _allocateStep, sizeMax));
        try
        {
            file.Allocate(new FilePosition(_allocatedEnd), ahead - _allocatedEnd);
        }
        catch (DiskException full) when (full.IsDiskFull && ahead > end.Value)
        {
            // Not enough for the step ahead, perhaps enough for what is to be written now.
            ahead = end.Value;
            file.Allocate(new FilePosition(_allocatedEnd), ahead - _allocatedEnd);
        }

        _allocatedEnd = ahead;
        _allocateStep = Math.Min(_allocateStep * 2, StorageLimits.AllocateAheadMax);
    }

    /// <summary>One gathered write at the logical end; the end does not move yet.</summary>
    /// <exception cref="DiskException">The device failed: bytes behind the logical end are unknown.</exception>
    public void Write(IReadOnlyList<ReadOnlyMemory<byte>> sources) => File.Pinned!.WriteGathered(_end.Position, sources);

    /// <summary>After a write that failed for want of space: what it left behind the logical end is cut off.</summary>
    /// <exception cref="DiskException">The device failed.</exception>
    public void DropUnfinishedWrite()
    {
        File.Pinned!.SetLength(_end.Position.Value);
        _allocatedEnd = _end.Position.Value;
    }

    /// <summary>Indexes written batches and takes them into the chain; <see cref="MoveEnd"/> shows them to readers.</summary>
    /// <param name="batches">Stamped batches, one after the other.</param>
    /// <param name="position">Where they were written.</param>
    /// <param name="now">Append time.</param>
    public void Account(ReadOnlySpan<byte> batches, FilePosition position, Timestamp now)
    {
        if (now > LastAppend)
            Volatile.Write(ref _lastAppendMilliseconds, now.UnixMilliseconds);
        while (!batches.IsEmpty)
        {
            int size = BatchHeaderLayout.LengthPrefixSize
                + BinaryPrimitives.ReadInt32BigEndian(batches[BatchHeaderLayout.LengthAt..]);
            var maxTimestamp = new Timestamp(
                BinaryPrimitives.ReadInt64BigEndian(batches[BatchHeaderLayout.MaxTimestampAt..]));
            if (maxTimestamp > _maxTimestamp)
            {
                _maxTimestamp = maxTimestamp;
                Volatile.Write(ref _maxTimestampMilliseconds, maxTimestamp.UnixMilliseconds);
            }

            if (IndexSpacing.IsDue(position, _indexed))
                AddIndexEntry(batches, position);
            _chainCrc = ChainCrc.Append(_chainCrc, batches);
            _lastEpoch = new LeaderEpoch(BinaryPrimitives.ReadInt32BigEndian(batches[BatchHeaderLayout.LeaderEpochAt..]));
            position = position.Plus(size);
            batches = batches[size..];
        }
    }

    /// <summary>Shows the accounted batches to readers.</summary>
    public void MoveEnd(SegmentEnd end)
    {
        Invariant.Check(end.Position >= _end.Position);
        Invariant.Check(end.NextOffset >= _end.NextOffset);
        Invariant.Check(end.Position.Value <= _allocatedEnd);
        lock (_endGate)
            _end = end;
    }

    /// <summary>
    /// Writes the seal and gives the same data as a segment that cannot be appended to. The file stays open for writing
    /// until its bytes are settled; the index files are cut and closed when the last reader has left them.
    /// </summary>
    /// <exception cref="DiskException">The device failed.</exception>
    public SealedSegment Seal()
    {
        SegmentSeal seal = SealOf();
        Span<byte> sector = stackalloc byte[SegmentLayout.SectorSize];
        seal.Write(sector);
        File.Pinned!.Write(new FilePosition(SegmentLayout.SealAt), sector);
        var @sealed = new SealedSegment(Context, File, Created, seal);
        CloseIndexes();
        return @sealed;
    }

    /// <summary>
    /// Closes its files until <see cref="EnsureOpen"/>; the data file gives back what was reserved ahead. All of it is
    /// durable, and nobody but readers uses them.
    /// </summary>
    public void Cool()
    {
        try
        {
            File.Pinned!.SetLength(_end.Position.Value);
        }
        catch (DiskException)
        {
            // It keeps its room.
        }

        lock (IndexGate)
            CloseIndexes();
        _allocateStep = StorageLimits.AllocateAheadMin;
        File.UnpinAndDrop();
    }

    /// <summary>Closes the index files, cut to their entries. For readers the indexes are in the files from then on.</summary>
    public void CloseIndexes()
    {
        if (_offsetIndex is null || _timeIndex is null)
            return;
        UseIndexFiles(_offsetIndex.Count);
        _closedIndexes = [_offsetIndex, _timeIndex];
        _offsetIndex.Dispose();
        _timeIndex.Dispose();
        _offsetIndex = null;
        _timeIndex = null;
    }

    private SegmentSeal SealOf() => new(
        BaseOffset,
        _end.Position,
        _end.NextOffset,
        _maxTimestamp,
        LastAppend,
        _chainCrc,
        _lastEpoch,
        _offsetIndex?.Count ?? SegmentSeal.IndexEntriesUnknown);

    private void Restore(in ActiveState state)
    {
        _end = state.End;
        _chainCrc = state.ChainCrc;
        _maxTimestamp = state.MaxTimestamp;
        _lastAppendMilliseconds = state.LastAppend.UnixMilliseconds;
        _lastEpoch = state.LastEpoch;
        _maxTimestampMilliseconds = state.MaxTimestamp.UnixMilliseconds;
    }

    private void AddIndexEntry(ReadOnlySpan<byte> batch, FilePosition position)
    {
        if (_offsetIndex is null || _timeIndex is null)
            return;
        if (!_offsetIndex.TryReserve() || !_timeIndex.TryReserve())
            return;
        var offset = new LogOffset(BinaryPrimitives.ReadInt64BigEndian(batch[BatchHeaderLayout.BaseOffsetAt..]));
        new OffsetIndexEntry(offset, position, _chainCrc).Write(_offsetIndex.Next(), BaseOffset);
        new TimeIndexEntry(_maxTimestamp, LastAppend, offset).Write(_timeIndex.Next(), BaseOffset);
        _timeIndex.Publish();
        _offsetIndex.Publish();
        _indexed = position;
    }

    private void OpenIndexes(int count)
    {
        // A reader that is still inside of a former mapping: when it leaves, the file is cut. A mapping beyond a file's end kills.
        if (Array.Exists(_closedIndexes, static closed => !closed.IsGone))
            return;
        _closedIndexes = [];
        MappedIndex? offsets = null;
        MappedIndex? times = null;
        try
        {
            offsets = MappedIndex.Open(
                Context.Disk,
                SegmentName.OffsetIndex(Context.Directory, BaseOffset),
                Context.IndexHeaderOf(IndexKind.Offset, BaseOffset),
                out int offsetsInFile);
            times = MappedIndex.Open(
                Context.Disk,
                SegmentName.TimeIndex(Context.Directory, BaseOffset),
                Context.IndexHeaderOf(IndexKind.Time, BaseOffset),
                out int timesInFile);
            int good = Math.Min(count, Math.Min(offsetsInFile, timesInFile));
            offsets.Adopt(good);
            times.Adopt(good);
            if (good > 0 && new OffsetIndex(offsets, BaseOffset).TryGet(good - 1, out OffsetIndexEntry last))
                _indexed = last.Position;
            _offsetIndex = offsets;
            _timeIndex = times;
            UseIndexEntries(offsets, times);
        }
        catch (DiskException)
        {
            // An index is a cache: without one, lookups walk and the next start makes it anew.
            offsets?.Dispose();
            times?.Dispose();
        }
    }

    private static void TryDelete(IDisk disk, string path)
    {
        try
        {
            disk.DeleteFile(path);
        }
        catch (DiskException)
        {
            // The next attempt deletes it.
        }
    }
}

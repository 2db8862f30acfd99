using FastLog.Primitives;
using FastLog.Records;
using FastLog.Storage.Appending;
using FastLog.Storage.Indexes;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Reading;

/// <summary>
/// Finds the first record, in offset order, at or after a time: segments and stretches whose largest timestamp lies before
/// it are passed by their index. On a thread that may block.
/// </summary>
internal sealed class TimestampLookup(PartitionState state)
{
    private LogOffset _start;

    /// <exception cref="Disk.DiskException">The device could not read.</exception>
    public OffsetLookup Find(Timestamp at)
    {
        while (true)
        {
            SegmentSet segments = state.Segments;
            if (TryFind(segments, at, out OffsetLookup found) || ReferenceEquals(segments, state.Segments))
                return found;

            // A segment was taken out of the log meanwhile.
        }
    }

    /// <summary>False when a segment's file is not to be had any more.</summary>
    private bool TryFind(SegmentSet segments, Timestamp at, out OffsetLookup found)
    {
        LogOffset end = state.Bounds.ReadableEnd;
        _start = state.Bounds.LogStart;
        found = OffsetLookup.NotFound;
        using var inflate = new InflateBuffer(BufferPool.Shared);
        for (int i = 0; i < segments.Count && segments[i].BaseOffset < end; i++)
        {
            if (segments[i].MaxTimestamp < at)
                continue;
            SegmentHandle? file = segments[i].File.Acquire();
            if (file is null)
                return false;
            try
            {
                found = FindAround(segments[i], file, at, end, inflate);
                if (found.IsFound)
                    return true;
            }
            finally
            {
                file.Release();
            }
        }

        return true;
    }

    /// <summary>What the device cannot read is passed over, as other damage is.</summary>
    private OffsetLookup FindAround(
        Segment segment, SegmentHandle file, Timestamp at, LogOffset end, InflateBuffer inflate)
    {
        try
        {
            return FindIn(segment, file, at, end, inflate);
        }
        catch (Disk.DiskException failure) when (failure.IsUnreadable && failure.Path == segment.File.Path)
        {
            return FindIn(segment, new TolerantFile(file.File), at, end, inflate);
        }
    }

    private OffsetLookup FindIn(
        Segment segment, ILeasedFile file, Timestamp at, LogOffset end, InflateBuffer inflate)
    {
        SegmentEnd segmentEnd = segment.End;
        SegmentEnd start = StartFor(segment, file, at);
        while (start.Position < segmentEnd.Position)
        {
            using var walk = new HeaderWalk(
                file, start.Position, start.NextOffset, segmentEnd.Position, StorageLimits.WalkWindow);
            WalkStatus status;
            while ((status = walk.TryNext(out BatchHeader header, out FilePosition position)) == WalkStatus.Ok)
            {
                if (header.BaseOffset >= end)
                    return OffsetLookup.NotFound;
                if (header.MaxTimestamp < at || header.NextOffset <= _start)
                    continue;
                OffsetLookup found = FindInBatch(file, position, header, at, inflate);
                if (found.IsFound)
                    return found.Offset < end ? found : OffsetLookup.NotFound;
            }

            if (status == WalkStatus.End)
                break;
            LogDefect defect = BatchLocator.DefectAt(
                segment, file, walk.DefectKind, walk.Position, walk.NextOffset, walk.Reason);
            state.Quarantine.Add(UnreadableBytes.Named(defect, file));
            start = new SegmentEnd(defect.Position.Plus(defect.Length), defect.LastOffset.Next());
        }

        return OffsetLookup.NotFound;
    }

    private static SegmentEnd StartFor(Segment segment, ILeasedFile file, Timestamp at)
    {
        IndexSearchStatus status = segment.LastBefore(at, out TimeIndexEntry entry);
        if (status == IndexSearchStatus.Doubtful)
        {
            segment.RepairIndexes(file);
            status = segment.LastBefore(at, out entry);
        }

        if (status == IndexSearchStatus.Found)
        {
            LocatedBatch batch = BatchLocator.Find(segment, file, entry.Offset);
            if (batch.Defect is null)
                return new SegmentEnd(batch.Position, batch.Header.BaseOffset);
        }

        return new SegmentEnd(SegmentLayout.DataStart, segment.BaseOffset);
    }

    private OffsetLookup FindInBatch(
        ILeasedFile file, FilePosition position, in BatchHeader header, Timestamp at, InflateBuffer inflate)
    {
        using BufferLease bytes = BufferPool.Shared.Rent(header.BatchSize, clearOnReturn: true);
        if (file.Read(position, bytes.Span) < header.BatchSize)
            return OffsetLookup.NotFound;

        // A batch whose records cannot be looked into here still holds the first match: its own first offset that is left is
        // the nearest place before it.
        if (RecordReader.TryOpen(bytes.Span, inflate, out RecordReader records) != BatchStatus.Ok)
            return new OffsetLookup(LogOffset.Max(_start, header.BaseOffset), header.MaxTimestamp);
        while (records.Read())
        {
            if (records.Timestamp >= at && records.Offset >= _start)
                return new OffsetLookup(records.Offset, records.Timestamp);
        }

        // Records that do not read to their end: as above.
        return records.Status == BatchStatus.Ok
            ? OffsetLookup.NotFound
            : new OffsetLookup(LogOffset.Max(_start, header.BaseOffset), header.MaxTimestamp);
    }
}

using FastLog.Primitives;
using FastLog.Records;
using FastLog.Storage.Appending;
using FastLog.Storage.Disk;
using FastLog.Storage.Indexes;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Reading;

/// <summary>Resolves reads to leased file regions: whole batches, never past the end asked for. Thread-safe.</summary>
internal sealed class LogReader(PartitionState state)
{
    private readonly RecentEnds _recent = new();

    public ReadResult Read(LogOffset from, int bytesMax, LogOffset end)
    {
        LogOffset logEnd = state.Bounds.LogEnd;
        if (from < state.Bounds.LogStart || from > logEnd)
            return new ReadResult { Status = ReadStatus.OutOfRange, NextOffset = from };
        end = LogOffset.Min(end, logEnd);
        if (from >= end)
            return Empty(from);
        if (state.Quarantine.Find(from) is { } known)
            return Corrupt(known, from);
        end = state.Quarantine.FirstAbove(from, end);
        bytesMax = Math.Clamp(bytesMax, 0, StorageLimits.ReadSizeMax);
        while (true)
        {
            SegmentSet segments = state.Segments;
            ReadResult result = ReadSegment(segments, from, bytesMax, end);
            if (result.Status != ReadStatus.Closed || ReferenceEquals(segments, state.Segments))
                return result;

            // The segment was taken out of the log meanwhile: the read begins anew with what took its place.
            if (from < state.Bounds.LogStart)
                return new ReadResult { Status = ReadStatus.OutOfRange, NextOffset = from };
        }
    }

    private ReadResult ReadSegment(SegmentSet segments, LogOffset from, int bytesMax, LogOffset end)
    {
        int index = segments.IndexOf(from);
        if (index < 0)
            return new ReadResult { Status = ReadStatus.OutOfRange, NextOffset = from };
        Segment segment = segments[index];
        SegmentHandle? file = null;
        try
        {
            file = segment.File.Acquire();
            if (file is null)
                return new ReadResult { Status = ReadStatus.Closed, NextOffset = from };
            ReadResult result = ReadTolerant(segment, file, from, bytesMax, end);
            if (!result.Region.IsEmpty)
                file = null;
            return result;
        }
        catch (DiskException failure)
        {
            return Failed(segment, failure, from);
        }
        finally
        {
            file?.Release();
        }
    }

    /// <summary>Where the device cannot read, once more around it: which offsets are lost, and where good data goes on.</summary>
    private ReadResult ReadTolerant(Segment segment, SegmentHandle file, LogOffset from, int bytesMax, LogOffset end)
    {
        try
        {
            return ReadLeased(segment, file, file, from, bytesMax, end);
        }
        catch (DiskException failure) when (failure.IsUnreadable && failure.Path == segment.File.Path)
        {
            return ReadLeased(segment, file, new TolerantFile(file.File), from, bytesMax, end);
        }
    }

    private ReadResult ReadLeased(
        Segment segment, SegmentHandle file, ILeasedFile view, LogOffset from, int bytesMax, LogOffset end)
    {
        SegmentEnd segmentEnd = segment.End;
        if (from >= segmentEnd.NextOffset)
        {
            // Between two segments: only damage leaves such a gap, and it is in the quarantine.
            return Empty(from);
        }

        LocatedBatch first = Locate(segment, view, from, segmentEnd);
        if (first.Defect is { } defect)
            return Found(UnreadableBytes.Named(defect, view), from);
        LogOffset limit = LogOffset.Min(end, segmentEnd.NextOffset);
        if (first.Header.NextOffset > limit)
            return Empty(from);
        SegmentEnd regionEnd = Extend(segment, view, first, bytesMax, limit, segmentEnd);
        _recent.Remember(segment, regionEnd.NextOffset, regionEnd.Position);
        return new ReadResult
        {
            Status = ReadStatus.Ok,
            Region = new FileRegion(file, first.Position, checked((int)regionEnd.Position.Since(first.Position))),
            NextOffset = regionEnd.NextOffset,
        };
    }

    private LocatedBatch Locate(Segment segment, ILeasedFile file, LogOffset from, SegmentEnd segmentEnd)
    {
        if (!_recent.TryFind(segment, from, out FilePosition position))
            return BatchLocator.Find(segment, file, from);
        Span<byte> bytes = stackalloc byte[BatchHeaderLayout.HeaderSize];
        int count = file.Read(position, bytes);
        if (BatchHeader.TryRead(bytes[..count], out BatchHeader header) == BatchStatus.Ok && header.BaseOffset == from)
        {
            var located = new LocatedBatch(position, header, null);
            if (BatchLocator.IsWhole(file, located, segmentEnd))
                return located;
        }

        return BatchLocator.Find(segment, file, from);
    }

    /// <summary>The last batch boundary within bytes and end; the first batch is in it in any case.</summary>
    private static SegmentEnd Extend(
        Segment segment,
        ILeasedFile file,
        in LocatedBatch first,
        int bytesMax,
        LogOffset limit,
        SegmentEnd segmentEnd)
    {
        var bound = first.Position.Plus(Math.Max(bytesMax, first.Header.BatchSize));
        if (bound >= segmentEnd.Position && limit >= segmentEnd.NextOffset)
            return segmentEnd;
        var reached = new SegmentEnd(first.Position.Plus(first.Header.BatchSize), first.Header.NextOffset);
        if (bound == reached.Position)
            return reached;
        IndexSearchStatus status = segment.Floor(limit, bound, out OffsetIndexEntry entry);
        if (status == IndexSearchStatus.Found && entry.Position > reached.Position)
        {
            var jump = new SegmentEnd(entry.Position, entry.Offset);
            if (TryWalk(file, jump, bound, limit, segmentEnd, out SegmentEnd further))
                return further;
        }

        TryWalk(file, reached, bound, limit, segmentEnd, out reached);
        return reached;
    }

    /// <summary>False when no batch with the expected offset begins at the start: the index misled.</summary>
    private static bool TryWalk(
        ILeasedFile file,
        SegmentEnd start,
        FilePosition bound,
        LogOffset limit,
        SegmentEnd segmentEnd,
        out SegmentEnd reached)
    {
        reached = start;
        using var walk = new HeaderWalk(
            file, start.Position, start.NextOffset, segmentEnd.Position, BatchLocator.WindowSize);
        bool isFirst = true;
        while (true)
        {
            WalkStatus status = walk.TryNext(out BatchHeader header, out _);
            if (status == WalkStatus.Bad)
                return !isFirst;
            isFirst = false;
            if (status == WalkStatus.End || walk.Position > bound || header.NextOffset > limit)
                return true;
            reached = new SegmentEnd(walk.Position, walk.NextOffset);
        }
    }

    private static ReadResult Empty(LogOffset from) => new() { Status = ReadStatus.Ok, NextOffset = from };

    /// <summary>Damage that a read met: from here on it is known.</summary>
    private ReadResult Found(LogDefect defect, LogOffset from)
    {
        state.Quarantine.Add(defect);
        return Corrupt(defect, from);
    }

    private ReadResult Failed(Segment segment, DiskException failure, LogOffset from)
    {
        bool isOfData = failure.Path == segment.File.Path;
        if (!isOfData || (!failure.IsUnreadable && !failure.IsAbsent))
            return new ReadResult { Status = ReadStatus.Failed, NextOffset = from, Reason = failure.Message };
        SegmentSet segments = state.Segments;
        int index = segments.IndexOf(from);

        // Taken out since the reader looked, not lost: it looks again.
        if (index < 0 || !ReferenceEquals(segments[index], segment))
            return new ReadResult { Status = ReadStatus.Closed, NextOffset = from };
        SegmentEnd end = segment.End;
        return Found(
            new LogDefect(
                failure.IsAbsent ? LogDefectKind.SegmentMissing : LogDefectKind.Unreadable,
                segment.File.Path,
                FilePosition.Zero,
                end.Position.Value,
                segment.BaseOffset,
                end.NextOffset.Plus(-1),
                failure.Message),
            from);
    }

    private static ReadResult Corrupt(LogDefect defect, LogOffset from) => new()
    {
        Status = ReadStatus.Corrupt,
        NextOffset = defect.LastOffset >= from ? defect.LastOffset.Next() : from,
        Defect = defect,
    };
}

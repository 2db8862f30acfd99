using FastLog.Primitives;
using FastLog.Records;
using FastLog.Storage.Appending;
using FastLog.Storage.Disk;
using FastLog.Storage.Indexes;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Reading;

/// <summary>
/// Bytes of a segment that the device cannot read, found while they were looked at or sent: the batches that they belong to
/// go into the quarantine, so that the next reader is told instead of failing the same way. Thread-safe.
/// </summary>
internal sealed class UnreadableBytes(PartitionState state)
{
    /// <param name="segmentBase">Which segment.</param>
    /// <param name="position">Where a read began that failed.</param>
    /// <param name="length">How much it wanted.</param>
    public void Report(LogOffset segmentBase, FilePosition position, int length)
    {
        SegmentSet segments = state.Segments;
        int index = segments.IndexOf(segmentBase);
        if (index < 0 || segments[index].BaseOffset != segmentBase)
            return;
        Segment segment = segments[index];
        SegmentHandle? file = null;
        try
        {
            file = segment.File.Acquire();
            if (file is not null)
                Report(segment, new TolerantFile(file.File), position, position.Plus(length));
        }
        catch (DiskException)
        {
            // The reader that met it fails all the same; the next one looks again.
        }
        finally
        {
            file?.Release();
        }
    }

    /// <summary>The defect under the name of what kept it from being read.</summary>
    public static LogDefect Named(LogDefect defect, ILeasedFile view)
    {
        if (view is not TolerantFile tolerant || !tolerant.HasHole(defect.Position, defect.Length))
            return defect;
        return defect with { Kind = LogDefectKind.Unreadable, Detail = "the device cannot read all of it" };
    }

    /// <summary>A batch that the device cannot read all of.</summary>
    public static LogDefect Of(Segment segment, FilePosition position, in BatchHeader header) => new(
        LogDefectKind.Unreadable,
        segment.File.Path,
        position,
        header.BatchSize,
        header.BaseOffset,
        header.LastOffset,
        "the device cannot read all of it");

    private void Report(Segment segment, TolerantFile view, FilePosition from, FilePosition to)
    {
        SegmentEnd end = segment.End;
        var start = new SegmentEnd(SegmentLayout.DataStart, segment.BaseOffset);
        IndexSearchStatus status = segment.Floor(new LogOffset(long.MaxValue), from, out OffsetIndexEntry entry);
        if (status == IndexSearchStatus.Found)
            start = new SegmentEnd(entry.Position, entry.Offset);
        while (start.Position < to && start.Position < end.Position)
            start = ReportRun(segment, view, start, from, to, end);
    }

    /// <summary>Looks at batches up to <paramref name="to"/> or the first place that is none; where to go on.</summary>
    private SegmentEnd ReportRun(
        Segment segment, TolerantFile view, SegmentEnd start, FilePosition from, FilePosition to, SegmentEnd end)
    {
        using var walk = new HeaderWalk(view, start.Position, start.NextOffset, end.Position, BatchLocator.WindowSize);
        while (walk.Position < to)
        {
            WalkStatus status = walk.TryNext(out BatchHeader header, out FilePosition at);
            if (status == WalkStatus.End)
                return end;
            if (status == WalkStatus.Ok)
            {
                if (walk.Position > from && !IsReadable(view, at, header.BatchSize))
                    state.Quarantine.Add(Of(segment, at, header));
                continue;
            }

            LogDefect defect = BatchLocator.DefectAt(
                segment, view, walk.DefectKind, walk.Position, walk.NextOffset, walk.Reason);
            state.Quarantine.Add(Named(defect, view));
            return new SegmentEnd(defect.Position.Plus(defect.Length), defect.LastOffset.Next());
        }

        return new SegmentEnd(walk.Position, walk.NextOffset);
    }

    private static bool IsReadable(TolerantFile view, FilePosition position, int length)
    {
        using BufferLease window = BufferPool.Shared.Rent(StorageLimits.WalkWindow, clearOnReturn: true);
        for (long done = 0; done < length; done += window.Length)
            view.Read(position.Plus(done), window.Span[..(int)Math.Min(window.Length, length - done)]);
        return !view.HasHole(position, length);
    }
}

using FastLog.Primitives;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Maintenance;

/// <summary>What of a log its age and size limits let go.</summary>
/// <param name="Drop">How many of the first segments.</param>
/// <param name="Rolls">All sealed ones go, and the active one is too old as well: it is sealed first, and goes too.</param>
internal readonly record struct RetentionPlan(int Drop, bool Rolls)
{
    /// <param name="segments">The log's segments.</param>
    /// <param name="options">Its limits.</param>
    /// <param name="now">The retention clock.</param>
    public static RetentionPlan Of(SegmentSet segments, PartitionLogOptions options, Timestamp now)
    {
        int drop = 0;
        long bytes = segments.SizeBytes;
        while (drop < segments.Count - 1)
        {
            Segment segment = segments[drop];
            long size = segment.End.Position.Value;
            bool isOver = options.RetentionSizeMax is { } sizeMax && bytes - size >= sizeMax;
            if (!isOver && !IsOld(segment, options, now))
                return new RetentionPlan(drop, Rolls: false);
            bytes -= size;
            drop++;
        }

        bool rolls = segments.Count > 0
            && segments[^1] is ActiveSegment active
            && active.End.NextOffset > active.BaseOffset
            && IsOld(active, options, now);
        return new RetentionPlan(drop, rolls);
    }

    // From its last append on, whatever the records' own timestamps say: a producer's clock neither keeps nor deletes.
    private static bool IsOld(Segment segment, PartitionLogOptions options, Timestamp now) =>
        options.RetentionAgeMax is { } ageMax
        && now.UnixMilliseconds - segment.LastAppend.UnixMilliseconds > ageMax.TotalMilliseconds;
}

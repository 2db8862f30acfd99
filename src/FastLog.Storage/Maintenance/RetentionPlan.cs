using FastLog.Primitives;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Maintenance;

/// <summary>What of a log its age and size limits let go.</summary>
/// <param name="Drop">How many of the first segments.</param>
/// <param name="Rolls">All sealed ones go, and the active one is too old as well: it is sealed first, and goes too.</param>
/// <param name="Seals">
/// The active one was begun as long ago and stays: it is sealed. Its seal tells a start when its last append was, and else a
/// quiet log that is opened again and again would never let it go.
/// </param>
internal readonly record struct RetentionPlan(int Drop, bool Rolls, bool Seals)
{
    /// <param name="segments">The log's segments.</param>
    /// <param name="options">Its limits.</param>
    /// <param name="now">The retention clock.</param>
    public static RetentionPlan Of(SegmentSet segments, PartitionLogOptions options, Timestamp now)
    {
        int drop = 0;
        long bytes = segments.SizeBytes;
        ActiveSegment? active = segments.Count > 0 ? segments[^1] as ActiveSegment : null;
        if (active is not null && active.End.NextOffset == active.BaseOffset)
            active = null;
        bool isOld = active is not null && IsOld(active.LastAppend, options, now);
        bool seals = active is not null && !isOld && IsOld(active.Created, options, now);
        while (drop < segments.Count - 1)
        {
            Segment segment = segments[drop];
            long size = segment.End.Position.Value;
            bool isOver = options.RetentionSizeMax is { } sizeMax && bytes - size >= sizeMax;
            if (!isOver && !IsOld(segment.LastAppend, options, now))
                return new RetentionPlan(drop, Rolls: false, seals);
            bytes -= size;
            drop++;
        }

        return new RetentionPlan(drop, isOld, seals);
    }

    // From its last append on, whatever the records' own timestamps say: a producer's clock neither keeps nor deletes.
    private static bool IsOld(Timestamp at, PartitionLogOptions options, Timestamp now) =>
        options.RetentionAgeMax is { } ageMax && now.UnixMilliseconds - at.UnixMilliseconds > ageMax.TotalMilliseconds;
}

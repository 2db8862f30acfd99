using FastLog.Primitives;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Compaction;

/// <summary>What a look at a log's segments says about a compaction: pure.</summary>
/// <param name="Segments">Those that may be compacted, in ascending order: sealed, and old enough.</param>
/// <param name="From">Where the new ones begin: all below was compacted.</param>
/// <param name="IsDue">True when it is worth it, or time.</param>
internal sealed record CompactionPlan(IReadOnlyList<SealedSegment> Segments, LogOffset From, bool IsDue)
{
    /// <param name="set">The log's segments.</param>
    /// <param name="firstDirty">All below was compacted.</param>
    /// <param name="end">Nothing at or above it may be compacted: the readable end.</param>
    /// <param name="policy">The topic's.</param>
    /// <param name="now">The retention clock.</param>
    public static CompactionPlan Of(
        SegmentSet set, LogOffset firstDirty, LogOffset end, CompactionPolicy policy, Timestamp now)
    {
        var segments = new List<SealedSegment>();
        long clean = 0;
        long dirty = 0;
        bool isLate = false;
        for (int i = 0; i < set.Count && set[i] is SealedSegment segment; i++)
        {
            if (segment.End.NextOffset > end)
                break;
            bool isDirty = segment.End.NextOffset > firstDirty;
            if (isDirty && IsWithin(segment.Seal.LastAppend, policy.LagMin, now))
                break;
            segments.Add(segment);
            long bytes = segment.End.Position.Since(SegmentLayout.DataStart);
            clean += isDirty ? 0 : bytes;
            dirty += isDirty ? bytes : 0;
            isLate |= isDirty && !IsWithin(segment.Created, policy.LagMax, now);
        }

        bool isWorth = dirty > 0 && dirty >= policy.DirtyRatioMin * (clean + dirty);
        return new CompactionPlan(segments, firstDirty, isWorth || (isLate && dirty > 0));
    }

    /// <summary>
    /// Which of the segments are written as one: neighbours that fit one segment together. A large one is not written again
    /// and again for the sake of small ones beside it, so a log of many passes has at most a few small segments between
    /// full ones, and each byte is written a few times for that.
    /// </summary>
    /// <param name="segments">In ascending order.</param>
    /// <param name="sizeMax">Largest file that a compacted segment may become.</param>
    public static List<IReadOnlyList<SealedSegment>> Group(IReadOnlyList<SealedSegment> segments, long sizeMax)
    {
        var groups = new List<IReadOnlyList<SealedSegment>>();
        for (int from = 0; from < segments.Count;)
        {
            int count = 1;
            while (from + count < segments.Count && Fits(segments, from, count, sizeMax))
                count++;
            SealedSegment[] group = [.. segments.Skip(from).Take(count)];
            long bytes = group.Sum(Bytes);
            if (group.Max(Bytes) * 4 <= bytes * 3)
                groups.Add(group);
            else
                groups.AddRange(group.Select(static segment => new[] { segment }));
            from += count;
        }

        return groups;
    }

    /// <summary>True when the time lies less than the span before now, or after it; never of no span.</summary>
    private static bool IsWithin(Timestamp time, TimeSpan span, Timestamp now) =>
        span > TimeSpan.Zero && now.UnixMilliseconds - time.UnixMilliseconds < span.TotalMilliseconds;

    private static bool Fits(IReadOnlyList<SealedSegment> segments, int from, int count, long sizeMax)
    {
        SealedSegment next = segments[from + count];

        // Over a hole no segment may reach: the offsets in it are missing, not compacted.
        if (segments[from + count - 1].End.NextOffset != next.BaseOffset)
            return false;
        if (next.End.NextOffset.Since(segments[from].BaseOffset) > int.MaxValue)
            return false;
        long bytes = SegmentLayout.HeaderSize;
        for (int i = from; i <= from + count; i++)
            bytes += Bytes(segments[i]);
        return bytes <= sizeMax;
    }

    private static long Bytes(SealedSegment segment) => segment.End.Position.Since(SegmentLayout.DataStart);
}

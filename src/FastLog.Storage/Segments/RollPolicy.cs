using FastLog.Primitives;

namespace FastLog.Storage.Segments;

/// <summary>
/// When the active segment is rolled. Its age is what it had when this process took it over, by the retention
/// clock, plus the time since by the monotonic clock: a jump of the wall clock neither rolls it nor keeps it. In the partition's section.
/// </summary>
internal sealed class RollPolicy(PartitionLogOptions options)
{
    private PartitionLogOptions _options = options;
    private TimeSpan _ageAtStart;
    private MonotonicTime _start;

    /// <summary>Counts from the next append on.</summary>
    public void Reconfigure(PartitionLogOptions options) => _options = options;

    /// <summary>A segment became the active one.</summary>
    public void Begin(Timestamp created, Timestamp retentionNow, MonotonicTime now)
    {
        long milliseconds = Math.Max(0, retentionNow.UnixMilliseconds - created.UnixMilliseconds);
        _ageAtStart = milliseconds > TimeSpan.MaxValue.TotalMilliseconds
            ? TimeSpan.MaxValue
            : TimeSpan.FromMilliseconds(milliseconds);
        _start = now;
    }

    /// <param name="segment">The active segment.</param>
    /// <param name="end">Where its data will end before the append (staged batches included).</param>
    /// <param name="bytes">Bytes of the append.</param>
    /// <param name="lastOffset">The last offset that it will get.</param>
    /// <param name="now">Monotonic time.</param>
    public bool IsDue(Segment segment, SegmentEnd end, long bytes, LogOffset lastOffset, MonotonicTime now)
    {
        // An empty segment takes any append: a larger one than the segment size must go somewhere.
        if (end.NextOffset == segment.BaseOffset)
            return false;
        if (end.Position.Value + bytes > _options.SegmentSizeMax)
            return true;
        if (lastOffset.Since(segment.BaseOffset) > int.MaxValue)
            return true;
        return IsOld(now);
    }

    /// <summary>True when the active segment was begun this long ago.</summary>
    public bool IsOlder(TimeSpan age, MonotonicTime now)
    {
        if (_ageAtStart >= age)
            return true;
        return now.Since(_start) >= age - _ageAtStart;
    }

    private bool IsOld(MonotonicTime now)
    {
        if (IsOlder(_options.SegmentAgeMax, now))
            return true;
        return _options.Compaction is { } compaction && IsOlder(compaction.LagMax, now);
    }
}

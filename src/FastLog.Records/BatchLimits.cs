using FastLog.Primitives;

namespace FastLog.Records;

/// <summary>What a broker holds a client's batch against.</summary>
/// <param name="SizeMax">The largest batch in bytes, header included.</param>
/// <param name="TimestampMax">The latest timestamp that is taken.</param>
public readonly record struct BatchLimits(int SizeMax, Timestamp TimestampMax)
{
    /// <summary>Limits at a moment: timestamps may lie <paramref name="timestampAheadMax"/> ahead of it.</summary>
    public static BatchLimits At(Timestamp now, int sizeMax, TimeSpan timestampAheadMax)
    {
        long ahead = (long)timestampAheadMax.TotalMilliseconds;
        long latest = now.UnixMilliseconds > long.MaxValue - ahead ? long.MaxValue : now.UnixMilliseconds + ahead;
        return new BatchLimits(sizeMax, new Timestamp(latest));
    }
}

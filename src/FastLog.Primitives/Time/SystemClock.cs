using System.Diagnostics;

namespace FastLog.Primitives;

/// <summary>The machine's clocks.</summary>
public sealed class SystemClock : IClock
{
    public static readonly SystemClock Instance = new();

    private const long NanosecondsPerSecond = 1_000_000_000;

    private SystemClock()
    {
    }

    public MonotonicTime Now
    {
        get
        {
            (long seconds, long rest) = Math.DivRem(Stopwatch.GetTimestamp(), Stopwatch.Frequency);
            return new MonotonicTime((seconds * NanosecondsPerSecond) + (rest * NanosecondsPerSecond / Stopwatch.Frequency));
        }
    }

    public Timestamp WallNow => new(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
}

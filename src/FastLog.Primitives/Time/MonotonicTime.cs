namespace FastLog.Primitives;

/// <summary>A point on a clock that never goes back, in nanoseconds from an arbitrary start; for timeouts and durations.</summary>
public readonly record struct MonotonicTime(long Nanoseconds) : IComparable<MonotonicTime>
{
    private const long NanosecondsPerTick = 100;

    public MonotonicTime Plus(TimeSpan duration) => new(checked(Nanoseconds + (duration.Ticks * NanosecondsPerTick)));

    public TimeSpan Since(MonotonicTime earlier) => new((Nanoseconds - earlier.Nanoseconds) / NanosecondsPerTick);

    public int CompareTo(MonotonicTime other) => Nanoseconds.CompareTo(other.Nanoseconds);

    public static bool operator <(MonotonicTime left, MonotonicTime right) => left.Nanoseconds < right.Nanoseconds;

    public static bool operator >(MonotonicTime left, MonotonicTime right) => left.Nanoseconds > right.Nanoseconds;

    public static bool operator <=(MonotonicTime left, MonotonicTime right) => left.Nanoseconds <= right.Nanoseconds;

    public static bool operator >=(MonotonicTime left, MonotonicTime right) => left.Nanoseconds >= right.Nanoseconds;
}

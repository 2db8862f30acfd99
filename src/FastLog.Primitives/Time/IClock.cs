namespace FastLog.Primitives;

/// <summary>The clock port. Thread-safe.</summary>
public interface IClock
{
    /// <summary>For timeouts and durations: never goes back, not moved by setting the wall clock.</summary>
    MonotonicTime Now { get; }

    /// <summary>For record timestamps and for people: may jump either way.</summary>
    Timestamp WallNow { get; }
}

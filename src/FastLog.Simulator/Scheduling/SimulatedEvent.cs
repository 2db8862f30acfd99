namespace FastLog.Simulator;

internal enum EventKind
{
    Post,
    Continuation,
    Timer,
    Blocking,
}

/// <summary>Queued work. Disposing it before it ran cancels it.</summary>
internal sealed class SimulatedEvent(SimulatedProcess process, EventKind kind, IThreadPoolWorkItem work, long number)
    : IDisposable
{
    public SimulatedProcess Process { get; } = process;

    public EventKind Kind { get; } = kind;

    public IThreadPoolWorkItem Work { get; } = work;

    /// <summary>Counts the events of the run in the order in which they were queued.</summary>
    public long Number { get; } = number;

    public bool IsCancelled { get; private set; }

    public void Dispose() => IsCancelled = true;
}

/// <summary>When an event runs: by virtual time, then by a seeded draw, then by age.</summary>
internal readonly record struct EventKey(long Nanoseconds, ulong Tie, long Number) : IComparable<EventKey>
{
    public int CompareTo(EventKey other)
    {
        int order = Nanoseconds.CompareTo(other.Nanoseconds);
        if (order == 0)
            order = Tie.CompareTo(other.Tie);
        return order != 0 ? order : Number.CompareTo(other.Number);
    }
}

using FastLog.Primitives;

namespace FastLog.Transport;

/// <summary>
/// One coarse ticker for the deadlines of many connections: a connection notes when things began, the tick compares. It
/// runs only while it has something to watch. Thread-safe.
/// </summary>
public sealed class DeadlineWatch : IThreadPoolWorkItem
{
    /// <summary>How often deadlines are compared unless told otherwise: how late a close may come.</summary>
    public static readonly TimeSpan DefaultTick = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly RuntimePorts _ports;
    private readonly TimeSpan _tick;
    private readonly List<Watched> _watched = [];
    private readonly List<Watched> _checking = [];
    private bool _scheduled;

    public DeadlineWatch(RuntimePorts ports)
        : this(ports, DefaultTick)
    {
    }

    public DeadlineWatch(RuntimePorts ports, TimeSpan tick)
    {
        ArgumentNullException.ThrowIfNull(ports);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(tick, TimeSpan.Zero);
        _ports = ports;
        _tick = tick;
    }

    internal void Add(Watched watched)
    {
        lock (_gate)
        {
            watched.Place = _watched.Count;
            _watched.Add(watched);
            ScheduleLocked();
        }
    }

    internal void Remove(Watched watched)
    {
        lock (_gate)
        {
            if (watched.Place < 0)
                return;
            Watched last = _watched[^1];
            _watched[watched.Place] = last;
            last.Place = watched.Place;
            _watched.RemoveAt(_watched.Count - 1);
            watched.Place = -1;
        }
    }

    /// <summary>The tick. Not for callers.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        // _checking belongs to the tick: the next one is scheduled when this one is through.
        lock (_gate)
            _checking.AddRange(_watched);
        MonotonicTime now = _ports.Clock.Now;
        foreach (Watched watched in _checking)
            watched.Check(now);
        _checking.Clear();
        lock (_gate)
        {
            _scheduled = false;
            ScheduleLocked();
        }
    }

    private void ScheduleLocked()
    {
        if (_scheduled || _watched.Count == 0)
            return;
        _scheduled = true;
        _ports.Timers.Schedule(_tick, this);
    }
}

/// <summary>Something with deadlines. <see cref="Check"/> comes from the tick and must be short.</summary>
internal abstract class Watched
{
    internal int Place { get; set; } = -1;

    internal abstract void Check(MonotonicTime now);
}

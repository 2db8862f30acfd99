using FastLog.Primitives;

namespace FastLog.Transport.Tests;

/// <summary>Clock and timers that move when a test says so. The work of a timer runs on the thread that moves them.</summary>
internal sealed class ManualTime : IClock, ITimers
{
    private readonly Lock _gate = new();
    private readonly List<(MonotonicTime At, IThreadPoolWorkItem Work)> _due = [];
    private MonotonicTime _now = new(1_000_000_000);

    public MonotonicTime Now
    {
        get
        {
            lock (_gate)
                return _now;
        }
    }

    public Timestamp WallNow => new(Now.Nanoseconds / 1_000_000);

    public RuntimePorts Ports => new()
    {
        Clock = this,
        Executor = ThreadPoolExecutor.Instance,
        BlockingExecutor = ThreadPoolExecutor.Instance,
        Timers = this,
        Entropy = SystemEntropy.Instance,
    };

    public IDisposable Schedule(TimeSpan delay, IThreadPoolWorkItem work)
    {
        lock (_gate)
        {
            (MonotonicTime, IThreadPoolWorkItem) entry = (_now.Plus(delay), work);
            _due.Add(entry);
            return new Cancel(() => Remove(entry));
        }
    }

    /// <summary>Moves on in steps, running each timer at its time.</summary>
    public void Advance(TimeSpan by)
    {
        MonotonicTime end = Now.Plus(by);
        while (true)
        {
            IThreadPoolWorkItem work;
            lock (_gate)
            {
                int next = -1;
                for (int i = 0; i < _due.Count; i++)
                {
                    if (_due[i].At <= end && (next < 0 || _due[i].At < _due[next].At))
                        next = i;
                }

                if (next < 0)
                {
                    _now = end;
                    return;
                }

                _now = _due[next].At > _now ? _due[next].At : _now;
                work = _due[next].Work;
                _due.RemoveAt(next);
            }

            work.Execute();
        }
    }

    private void Remove((MonotonicTime, IThreadPoolWorkItem) entry)
    {
        lock (_gate)
            _due.Remove(entry);
    }

    private sealed class Cancel(Action action) : IDisposable
    {
        public void Dispose() => action();
    }
}

using FastLog.Primitives;

namespace FastLog.Storage.Tests.Flushing;

/// <summary>Ports that one test thread drives: work runs when the test says so, time moves when the test says so.</summary>
internal sealed class ManualPorts : IExecutor, ITimers, IClock
{
    // Continuations of awaits post from the thread pool.
    private readonly Lock _gate = new();
    private readonly List<IThreadPoolWorkItem> _work = [];
    private readonly List<ManualTimer> _timers = [];
    private readonly Prng _random;

    public ManualPorts(ulong seed = 1)
    {
        _random = new Prng(seed);
        Ports = new RuntimePorts
        {
            Clock = this,
            Executor = this,
            BlockingExecutor = this,
            Timers = this,
            Entropy = new Prng(seed + 1),
        };
    }

    public RuntimePorts Ports { get; }

    public MonotonicTime Now { get; private set; } = new(1_000_000_000);

    public Timestamp WallNow => new(0);

    public void Post(IThreadPoolWorkItem work)
    {
        lock (_gate)
            _work.Add(work);
    }

    public IDisposable Schedule(TimeSpan delay, IThreadPoolWorkItem work)
    {
        var timer = new ManualTimer(Now.Plus(delay), work);
        lock (_gate)
            _timers.Add(timer);
        return timer;
    }

    /// <summary>Runs one of the queued work items, which one by the seed; false when there is none.</summary>
    public bool RunOne()
    {
        IThreadPoolWorkItem work;
        lock (_gate)
        {
            if (_work.Count == 0)
                return false;
            int at = (int)_random.Next(_work.Count);
            work = _work[at];
            _work.RemoveAt(at);
        }

        work.Execute();
        return true;
    }

    public void RunAll()
    {
        while (RunOne())
        {
        }
    }

    /// <summary>Moves the clock, fires what is due, runs what comes of it.</summary>
    public void Advance(TimeSpan by)
    {
        MonotonicTime until = Now.Plus(by);
        while (TakeTimer(until) is { } timer)
        {
            Now = timer.At > Now ? timer.At : Now;
            timer.Work.Execute();
            RunAll();
        }

        Now = until;
        RunAll();
    }

    /// <summary>Runs until the task has ended, moving time if it must.</summary>
    public void Complete(Task task)
    {
        for (int i = 0; i < 10_000 && !task.IsCompleted; i++)
        {
            RunAll();
            if (!task.IsCompleted)
                Advance(TimeSpan.FromMilliseconds(1));
            // The continuations of awaits run on the thread pool here: a breath for them, no time that is measured.
            if (!task.IsCompleted)
                Thread.Yield();
        }

        // Continuations of awaits may still be on their way on the thread pool.
        ((IAsyncResult)task).AsyncWaitHandle.WaitOne(TimeSpan.FromSeconds(30));
        task.GetAwaiter().GetResult();
    }

    private ManualTimer? TakeTimer(MonotonicTime until)
    {
        lock (_gate)
        {
            ManualTimer? next = _timers.Where(timer => !timer.IsOver && timer.At <= until).MinBy(timer => timer.At);
            if (next is not null)
                _timers.Remove(next);
            return next;
        }
    }

    private sealed class ManualTimer(MonotonicTime at, IThreadPoolWorkItem work) : IDisposable
    {
        public MonotonicTime At => at;

        public IThreadPoolWorkItem Work => work;

        public bool IsOver { get; private set; }

        public void Dispose() => IsOver = true;
    }
}

using System.Collections.Concurrent;

namespace FastLog.Primitives;

/// <summary>The thread pool as an executor.</summary>
public sealed class ThreadPoolExecutor : IExecutor
{
    public static readonly ThreadPoolExecutor Instance = new();

    private ThreadPoolExecutor()
    {
    }

    public void Post(IThreadPoolWorkItem work) => ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false);
}

/// <summary>The machine's timers; the work runs on the thread pool.</summary>
public sealed class SystemTimers : ITimers
{
    public static readonly SystemTimers Instance = new();

    private SystemTimers()
    {
    }

    public IDisposable Schedule(TimeSpan delay, IThreadPoolWorkItem work)
    {
        ArgumentNullException.ThrowIfNull(work);
        return new ScheduledWork(work, delay < TimeSpan.Zero ? TimeSpan.Zero : delay);
    }

    /// <summary>
    /// A timer that fires although nobody keeps the answer: a framework timer that is not referenced is collected, and a
    /// collected one never fires. The timer queue holds this object as the callback's state, and this object the timer.
    /// </summary>
    private sealed class ScheduledWork : IDisposable
    {
        private readonly IThreadPoolWorkItem _work;
        private readonly Timer _timer;

        public ScheduledWork(IThreadPoolWorkItem work, TimeSpan delay)
        {
            _work = work;
            _timer = new Timer(static state => ((ScheduledWork)state!).Fire(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _timer.Change(delay, Timeout.InfiniteTimeSpan);
        }

        public void Dispose() => _timer.Dispose();

        private void Fire()
        {
            _timer.Dispose();
            _work.Execute();
        }
    }
}

/// <summary>
/// A fixed number of threads for calls that block on a device. An exception that leaves a work item ends the process:
/// work reports its failures to its owner instead.
/// </summary>
public sealed class BlockingThreads : IExecutor, IDisposable
{
    private readonly BlockingCollection<IThreadPoolWorkItem> _queue = new(new ConcurrentQueue<IThreadPoolWorkItem>());
    private readonly Thread[] _threads;

    /// <param name="name">Shown as the threads' name.</param>
    /// <param name="count">How many calls may block at once, 1 to 64.</param>
    public BlockingThreads(string name, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, 64);
        _threads = new Thread[count];
        for (int i = 0; i < count; i++)
        {
            _threads[i] = new Thread(Run) { IsBackground = true, Name = $"{name}-{i}" };
            _threads[i].Start();
        }
    }

    public void Post(IThreadPoolWorkItem work) => _queue.Add(work);

    /// <summary>Runs what is queued, then ends the threads and waits for them. Nothing may be posted afterwards.</summary>
    public void Dispose()
    {
        _queue.CompleteAdding();
        foreach (Thread thread in _threads)
            thread.Join();
        _queue.Dispose();
    }

    private void Run()
    {
        foreach (IThreadPoolWorkItem work in _queue.GetConsumingEnumerable())
            work.Execute();
    }
}

/// <summary>The machine's ports as one value.</summary>
public static class SystemPorts
{
    /// <param name="blockingExecutor">Where device calls block; owned by the caller.</param>
    public static RuntimePorts Create(IExecutor blockingExecutor) => new()
    {
        Clock = SystemClock.Instance,
        Executor = ThreadPoolExecutor.Instance,
        BlockingExecutor = blockingExecutor,
        Timers = SystemTimers.Instance,
        Entropy = SystemEntropy.Instance,
    };
}

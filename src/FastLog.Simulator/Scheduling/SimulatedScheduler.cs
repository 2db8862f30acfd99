using FastLog.Primitives;

namespace FastLog.Simulator;

/// <summary>
/// A machine in one thread, from one seed: a queue of events by virtual time, with seeded ties. It is clock, executor
/// and timers of its <see cref="Main"/> process; more processes live beside it. Time passes only when nothing is due.
/// The same seed and the same code give the same <see cref="SimulationTrace.Hash"/>. One thread; work that arrives from
/// another one is a failure of the run.
/// </summary>
public sealed class SimulatedScheduler : IExecutor, ITimers, IClock
{
    private const long NanosecondsPerTick = 100;
    private const long NanosecondsPerMillisecond = 1_000_000;
    private static readonly TimeSpan OneTick = new(1);
    private static readonly TimeSpan ForeignWorkWait = TimeSpan.FromSeconds(2);

    private readonly PriorityQueue<SimulatedEvent, EventKey> _queue = new();
    private readonly Queue<SimulatedEvent> _waitingForThread = new();
    private readonly TaskCompletionSource _foreignWorkCame = new();
    private readonly SchedulerOptions _options;
    private readonly Prng _ties;
    private long _now;
    private long _wallOffsetMs;
    private long _queued;
    private long _ran;
    private int _processes;
    private int _blockingDepth;
    private int _threadId = Environment.CurrentManagedThreadId;
    private SimulationException? _failure;

    public SimulatedScheduler(ulong seed)
        : this(seed, new SchedulerOptions())
    {
    }

    public SimulatedScheduler(ulong seed, SchedulerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Seed = seed;
        _options = options;
        Random = new Prng(seed);
        _ties = new Prng(Random.NextUInt64());
        Main = CreateProcess("main");
    }

    public ulong Seed { get; }

    /// <summary>The process of the test itself.</summary>
    public SimulatedProcess Main { get; }

    /// <summary>The ports of <see cref="Main"/>.</summary>
    public RuntimePorts Ports => Main.Ports;

    /// <summary>The run's own generator, for what is built beside the scheduler.</summary>
    public Prng Random { get; }

    public SimulationTrace Trace { get; } = new();

    public MonotonicTime Now => new(_now);

    public Timestamp WallNow => new(
        _options.WallStart.ToUnixTimeMilliseconds() + _wallOffsetMs + (_now / NanosecondsPerMillisecond));

    /// <summary>How much virtual time has passed.</summary>
    public TimeSpan Elapsed => new(_now / NanosecondsPerTick);

    public SimulatedProcess CreateProcess(string name) => new(this, name, _processes++);

    /// <summary>Sets the wall clock forward or back; the monotonic clock does not notice.</summary>
    public void JumpWallClock(TimeSpan by) => _wallOffsetMs += (long)by.TotalMilliseconds;

    public void Post(IThreadPoolWorkItem work) => Main.Post(work);

    public IDisposable Schedule(TimeSpan delay, IThreadPoolWorkItem work) => Main.Schedule(delay, work);

    /// <summary>Adds to the trace hash.</summary>
    public void Note(string label, long first, long second) => Trace.Add(_now, label, first, second);

    /// <summary>
    /// Runs the work in <see cref="Main"/> until it ends, and throws what it threw.
    /// </summary>
    /// <param name="body">Awaits freely: each await comes back to this thread.</param>
    /// <param name="limit">Virtual time after which the run has failed; null for an hour.</param>
    /// <exception cref="SimulationException">See <see cref="RunUntil"/>.</exception>
    public void Run(Func<Task> body, TimeSpan? limit = null)
    {
        ArgumentNullException.ThrowIfNull(body);
        Task task = Main.Start(body);
        RunUntil(() => task.IsCompleted, "the run's task has not ended", limit);
        task.GetAwaiter().GetResult();
    }

    /// <summary>As <see cref="Run(Func{Task}, TimeSpan?)"/>, with an answer.</summary>
    public T Run<T>(Func<Task<T>> body, TimeSpan? limit = null)
    {
        ArgumentNullException.ThrowIfNull(body);
        T? answer = default;
        Run(async () => { answer = await body(); }, limit);
        return answer!;
    }

    /// <summary>Runs events until the condition holds.</summary>
    /// <param name="condition">Looked at after each event.</param>
    /// <param name="otherwise">What is wrong while it does not hold: "the reply has not come".</param>
    /// <param name="limit">Virtual time after which the run has failed; null for an hour.</param>
    /// <exception cref="SimulationDeadlockException">Nothing is left to run, but the condition does not hold.</exception>
    /// <exception cref="SimulationException">An event threw, or a limit was passed.</exception>
    public void RunUntil(Func<bool> condition, string otherwise, TimeSpan? limit = null)
    {
        ArgumentNullException.ThrowIfNull(condition);
        long end = _now + ((limit ?? TimeSpan.FromHours(1)).Ticks * NanosecondsPerTick);
        Enter(() =>
        {
            while (!condition())
            {
                if (Step(end))
                    continue;
                if (_queue.Count > 0)
                    throw Fail($"{otherwise}, and the limit of virtual time is over");
                WaitForForeignWork();
                throw new SimulationDeadlockException(Describe($"nothing left to run, but {otherwise}"));
            }
        });
    }

    /// <summary>Runs events until none is left; timers that renew themselves never let it end before the limit.</summary>
    public void RunUntilIdle(TimeSpan? limit = null)
    {
        long end = _now + ((limit ?? TimeSpan.FromHours(1)).Ticks * NanosecondsPerTick);
        Enter(() =>
        {
            while (Step(end))
            {
            }

            if (_queue.Count > 0)
                throw Fail("events are left, and the limit of virtual time is over");
        });
    }

    /// <summary>Runs what is due within the time, which then has passed.</summary>
    public void RunFor(TimeSpan time)
    {
        long end = _now + (time.Ticks * NanosecondsPerTick);
        Enter(() => Advance(end));
    }

    /// <summary>
    /// Called by a device in the middle of a blocking call (a flush): lets the other work run for a seeded time before the
    /// call goes on, as it would beside a blocked thread. Does nothing outside of blocking calls.
    /// </summary>
    public void Overlap()
    {
        if (_blockingDepth == 0 || !_ties.Chance(_options.OverlapChance))
            return;
        SynchronizationContext? context = SynchronizationContext.Current;
        try
        {
            Advance(_now + Draw(_options.BlockingDelayMin, _options.BlockingDelayMax));
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    internal void Enqueue(SimulatedProcess process, EventKind kind, IThreadPoolWorkItem work)
    {
        ArgumentNullException.ThrowIfNull(work);
        if (IsForeignThread(kind) || process.IsDead)
            return;
        long delay = kind == EventKind.Blocking
            ? Draw(_options.BlockingDelayMin, _options.BlockingDelayMax)
            : Draw(TimeSpan.Zero, _options.PostDelayMax);
        Add(new SimulatedEvent(process, kind, work, _queued++), _now + delay);
    }

    internal SimulatedEvent EnqueueTimer(SimulatedProcess process, TimeSpan delay, IThreadPoolWorkItem work)
    {
        ArgumentNullException.ThrowIfNull(work);
        var timer = new SimulatedEvent(process, EventKind.Timer, work, _queued++);
        if (IsForeignThread(EventKind.Timer) || process.IsDead)
            return timer;
        long late = Draw(OneTick, _options.TimerLatenessMax);
        Add(timer, checked(_now + (Math.Max(delay.Ticks, 0) * NanosecondsPerTick) + late));
        return timer;
    }

    private void Add(SimulatedEvent added, long at) =>
        _queue.Enqueue(added, new EventKey(at, _ties.NextUInt64(), added.Number));

    private long Draw(TimeSpan from, TimeSpan to)
    {
        long least = from.Ticks * NanosecondsPerTick;
        return least + _ties.Next((to.Ticks * NanosecondsPerTick) - least + 1);
    }

    private bool IsForeignThread(EventKind kind)
    {
        if (Environment.CurrentManagedThreadId == _threadId)
            return false;
        string text = Describe($"{kind} came from another thread: {Environment.StackTrace}");
        Interlocked.CompareExchange(ref _failure, new SimulationException(text), null);
        _foreignWorkCame.TrySetResult();
        return true;
    }

    private void Enter(Action loop)
    {
        SynchronizationContext? before = SynchronizationContext.Current;
        _threadId = Environment.CurrentManagedThreadId;
        try
        {
            loop();
            ThrowFailure();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    private void Advance(long end)
    {
        while (_failure is null && Step(end))
        {
        }

        _now = Math.Max(_now, end);
    }

    /// <summary>Runs the next event that is due by <paramref name="end"/>; false when there is none.</summary>
    private bool Step(long end)
    {
        if (_blockingDepth == 0)
            ThrowFailure();
        while (_queue.TryPeek(out SimulatedEvent? next, out EventKey key) && key.Nanoseconds <= end)
        {
            _queue.Dequeue();
            if (next.IsCancelled || next.Process.IsDead)
                continue;
            if (next.Kind == EventKind.Blocking && _blockingDepth == _options.BlockingThreads)
            {
                _waitingForThread.Enqueue(next);
                continue;
            }

            _now = Math.Max(_now, key.Nanoseconds);
            Execute(next);
            return true;
        }

        return false;
    }

    private void Execute(SimulatedEvent next)
    {
        if (++_ran > _options.EventsMax)
        {
            _failure ??= Fail($"more than {_options.EventsMax} events ran");
            return;
        }

        Trace.Add(_now, next.Kind.ToString(), next.Number, next.Process.Number);
        bool blocking = next.Kind == EventKind.Blocking;
        if (blocking)
            _blockingDepth++;
        SynchronizationContext.SetSynchronizationContext(next.Process.Context);
        try
        {
            next.Work.Execute();
        }
#pragma warning disable CA1031 // Whatever work throws is the run's failure.
        catch (Exception cause)
#pragma warning restore CA1031
        {
            // What is left on the stack of a process that was killed in the middle of it may fail in any way.
            if (!next.Process.IsDead)
                _failure ??= new SimulationException(Describe($"{next.Kind} of '{next.Process.Name}' threw {cause.Message}"), cause);
        }

        if (!blocking)
            return;
        _blockingDepth--;
        if (_waitingForThread.TryDequeue(out SimulatedEvent? waiting))
            Add(waiting, _now);
    }

    /// <summary>A continuation that hopped to the thread pool is the likely cause of a deadlock: gives it real time to show.</summary>
    private void WaitForForeignWork()
    {
        // A pool whose threads are all busy takes half a second to start another one for the work that hopped.
        _foreignWorkCame.Task.Wait(ForeignWorkWait);
        ThrowFailure();
    }

    private void ThrowFailure()
    {
        SimulationException? failure = Volatile.Read(ref _failure);
        if (failure is not null)
            throw new SimulationException(failure.Message, failure);
    }

    private SimulationException Fail(string text) => new(Describe(text));

    private string Describe(string text) => $"{text} (seed {Seed}, {_now / 1000.0:F3} us, {_ran} events)";
}

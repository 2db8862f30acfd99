using FastLog.Primitives;

namespace FastLog.Simulator;

/// <summary>
/// One process of a simulated run: its executors, timers, entropy and synchronization context. After <see cref="Kill"/>
/// nothing of it runs any more: what is queued is dropped and no await of it comes back. One thread.
/// </summary>
public sealed class SimulatedProcess : IExecutor, ITimers
{
    private readonly SimulatedScheduler _scheduler;
    private readonly List<Action> _killed = [];

    internal SimulatedProcess(SimulatedScheduler scheduler, string name, int number)
    {
        _scheduler = scheduler;
        Name = name;
        Number = number;
        Context = new ProcessContext(this);
        Ports = new RuntimePorts
        {
            Clock = scheduler,
            Executor = this,
            BlockingExecutor = new BlockingPort(this),
            Timers = this,
            Entropy = new Prng(scheduler.Random.NextUInt64()),
        };
    }

    public string Name { get; }

    /// <summary>Counts the processes of the run, from 0.</summary>
    public int Number { get; }

    public bool IsDead { get; private set; }

    /// <summary>What the process gets instead of the machine.</summary>
    public RuntimePorts Ports { get; }

    /// <summary>Current while work of this process runs, so that a plain await comes back to it.</summary>
    public SynchronizationContext Context { get; }

    public void Post(IThreadPoolWorkItem work) => _scheduler.Enqueue(this, EventKind.Post, work);

    public IDisposable Schedule(TimeSpan delay, IThreadPoolWorkItem work) => _scheduler.EnqueueTimer(this, delay, work);

    /// <summary>Begins asynchronous work in this process.</summary>
    /// <returns>Ends when the work does; never, when the process is killed before.</returns>
    public Task Start(Func<Task> work)
    {
        ArgumentNullException.ThrowIfNull(work);

        // Continuations may run inline: nothing of ours follows. With RunContinuationsAsynchronously, Task.WhenAll over this
        // task would hop to the thread pool.
        var ended = new TaskCompletionSource();
        Post(new ActionWork(() => _ = Observe(work, ended)));
        return ended.Task;
    }

    /// <summary>Runs when the process is killed, in the order of registration: its connections break, its files close.</summary>
    public void OnKill(Action action) => _killed.Add(action);

    /// <summary>Ends the process between two instructions: nothing of it runs afterwards. Idempotent.</summary>
    public void Kill()
    {
        if (IsDead)
            return;
        IsDead = true;
        _scheduler.Note("kill", Number, 0);
        foreach (Action action in _killed)
            action();
    }

    private static async Task Observe(Func<Task> work, TaskCompletionSource ended)
    {
        try
        {
            await work();
            ended.SetResult();
        }
#pragma warning disable CA1031 // Handed to who waits for the task.
        catch (Exception cause)
#pragma warning restore CA1031
        {
            ended.SetException(cause);
        }
    }

    private sealed class BlockingPort(SimulatedProcess process) : IExecutor
    {
        public void Post(IThreadPoolWorkItem work) => process._scheduler.Enqueue(process, EventKind.Blocking, work);
    }

    private sealed class ProcessContext(SimulatedProcess process) : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state) =>
            process._scheduler.Enqueue(process, EventKind.Continuation, new ActionWork(() => d(state)));

        public override void Send(SendOrPostCallback d, object? state) =>
            throw new NotSupportedException("a simulated run has one thread: Send would wait for itself");

        public override SynchronizationContext CreateCopy() => this;
    }
}

using System.Collections.Concurrent;

namespace FastLog.Primitives;

/// <summary>
/// The serial section of an owner: at most one thread is inside at a time. The thread that brings work runs it at once
/// if the section is free; else the work is queued and the thread inside runs it: no lock is held, no thread waits, and
/// there is no hop to another thread. A work item must be short and must not await.
/// </summary>
/// <remarks>
/// Completions registered by <see cref="Defer"/> run after the section was left, on the thread that was inside, so that
/// no caller's continuation runs inside of it.
/// </remarks>
public sealed class SerialSection : IThreadPoolWorkItem
{
    /// <summary>After this many work items the rest goes to the executor, so that no caller works for others for long.</summary>
    public const int BurstMax = 256;

    private readonly ConcurrentQueue<IThreadPoolWorkItem> _queue = new();
    private readonly IExecutor _executor;
    private readonly ISerialOwner _owner;
    private List<IThreadPoolWorkItem> _deferred = [];
    private List<IThreadPoolWorkItem>? _spare;
    private int _pending;

    public SerialSection(IExecutor executor, ISerialOwner owner)
    {
        ArgumentNullException.ThrowIfNull(executor);
        ArgumentNullException.ThrowIfNull(owner);
        _executor = executor;
        _owner = owner;
    }

    /// <summary>Runs the work in the section, now or when the thread inside comes to it. From any thread.</summary>
    public void Run(IThreadPoolWorkItem work)
    {
        _queue.Enqueue(work);
        if (Interlocked.Increment(ref _pending) == 1)
            Drain();
    }

    /// <summary>
    /// Runs the action in the section; ends after the section was left. An exception goes to the owner, as always.
    /// </summary>
    public Task RunAsync(Action action)
    {
        ArgumentNullException.ThrowIfNull(action);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Run(new ActionWork(() =>
        {
            try
            {
                action();
            }
            finally
            {
                Defer(new ActionWork(() => ended.TrySetResult()));
            }
        }));
        return ended.Task;
    }

    /// <summary>Runs the completion after the section was left. Only from inside.</summary>
    public void Defer(IThreadPoolWorkItem completion) => _deferred.Add(completion);

    /// <summary>Continues a long burst on the executor. Not for callers.</summary>
    void IThreadPoolWorkItem.Execute() => Drain();

    private void Drain()
    {
        while (true)
        {
            int done = 0;
            while (done < BurstMax && _queue.TryDequeue(out IThreadPoolWorkItem? work))
            {
                done++;
                RunGuarded(work);
            }

            EndBurst();
            List<IThreadPoolWorkItem> completions = TakeDeferred();

            // Until this decrement reaches 0 nobody else can enter; afterwards this thread touches its own list only.
            int left = Interlocked.Add(ref _pending, -done);
            if (left > 0 && done == BurstMax)
                _executor.Post(this);
            RunAll(completions);
            if (left == 0 || done == BurstMax)
                return;
        }
    }

    private void RunGuarded(IThreadPoolWorkItem work)
    {
        try
        {
            work.Execute();
        }
#pragma warning disable CA1031 // The owner loop is the one place that may catch everything: it fences.
        catch (Exception cause)
#pragma warning restore CA1031
        {
            _owner.Faulted(cause);
        }
    }

    private void EndBurst()
    {
        try
        {
            _owner.BurstEnded();
        }
#pragma warning disable CA1031 // As above.
        catch (Exception cause)
#pragma warning restore CA1031
        {
            _owner.Faulted(cause);
        }
    }

    private List<IThreadPoolWorkItem> TakeDeferred()
    {
        List<IThreadPoolWorkItem> taken = _deferred;
        _deferred = Interlocked.Exchange(ref _spare, null) ?? [];
        return taken;
    }

    private void RunAll(List<IThreadPoolWorkItem> completions)
    {
        foreach (IThreadPoolWorkItem completion in completions)
            completion.Execute();
        completions.Clear();
        Volatile.Write(ref _spare, completions);
    }
}

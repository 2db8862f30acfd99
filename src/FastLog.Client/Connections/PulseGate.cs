using FastLog.Primitives;

namespace FastLog.Client;

/// <summary>
/// Waiting for "something changed": read <see cref="Version"/>, look at the state, then wait for a later version. No
/// pulse is lost in between. Thread-safe; continuations never run inside of <see cref="Pulse"/>.
/// </summary>
internal sealed class PulseGate(ITimers timers)
{
    private readonly Lock _gate = new();
    private List<TaskCompletionSource> _waiters = [];
    private long _version;

    public long Version => Volatile.Read(ref _version);

    public void Pulse()
    {
        List<TaskCompletionSource> woken;
        lock (_gate)
        {
            _version++;
            if (_waiters.Count == 0)
                return;
            woken = _waiters;
            _waiters = [];
        }

        foreach (TaskCompletionSource waiter in woken)
            waiter.TrySetResult();
    }

    /// <summary>Ends when the version is past the one seen.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task WaitAsync(long seen, CancellationToken cancellationToken)
    {
        TaskCompletionSource? waiter = Enter(seen, cancellationToken);
        if (waiter is null)
            return;
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static (state, token) => ((TaskCompletionSource)state!).TrySetCanceled(token), waiter);
        await AwaitAsync(waiter);
    }

    /// <summary>The same, but no longer than the time given.</summary>
    public async Task WaitAsync(long seen, TimeSpan timeMax, CancellationToken cancellationToken)
    {
        TaskCompletionSource? waiter = Enter(seen, cancellationToken);
        if (waiter is null)
            return;
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static (state, token) => ((TaskCompletionSource)state!).TrySetCanceled(token), waiter);
        using IDisposable timer = timers.Schedule(timeMax, new ActionWork(() => waiter.TrySetResult()));
        await AwaitAsync(waiter);
    }

    private async Task AwaitAsync(TaskCompletionSource waiter)
    {
        try
        {
            await waiter.Task;
        }
        finally
        {
            lock (_gate)
                _waiters.Remove(waiter);
        }
    }

    private TaskCompletionSource? Enter(long seen, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            if (_version != seen)
                return null;
            var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiters.Add(waiter);
            return waiter;
        }
    }
}

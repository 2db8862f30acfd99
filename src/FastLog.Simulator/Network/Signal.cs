namespace FastLog.Simulator;

/// <summary>Wakes who waits for a change; the waiter looks again. One thread.</summary>
internal sealed class Signal
{
    private List<TaskCompletionSource> _waiters = [];

    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiters.Add(waiter);
        using CancellationTokenRegistration registration =
            cancellationToken.UnsafeRegister(_ => waiter.TrySetCanceled(cancellationToken), null);
        await waiter.Task;
    }

    public void Pulse()
    {
        List<TaskCompletionSource> woken = _waiters;
        _waiters = [];
        foreach (TaskCompletionSource waiter in woken)
            waiter.TrySetResult();
    }
}

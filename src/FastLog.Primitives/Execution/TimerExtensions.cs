namespace FastLog.Primitives;

/// <summary>Waiting on the timer port.</summary>
public static class TimerExtensions
{
    /// <summary>Ends after the delay, or as cancelled when the token is.</summary>
    public static async Task DelayAsync(this ITimers timers, TimeSpan delay, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(timers);
        cancellationToken.ThrowIfCancellationRequested();
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using IDisposable timer = timers.Schedule(delay, new ActionWork(() => ended.TrySetResult()));
        using CancellationTokenRegistration registration =
            cancellationToken.UnsafeRegister(_ => ended.TrySetCanceled(cancellationToken), null);
        await ended.Task;
    }
}

namespace FastLog.Primitives;

/// <summary>Awaiting work of an executor.</summary>
public static class ExecutorExtensions
{
    /// <summary>Runs the action on the executor; ends when it has, with what it threw.</summary>
    public static Task RunAsync(this IExecutor executor, Action action)
    {
        ArgumentNullException.ThrowIfNull(action);
        return executor.RunAsync(() =>
        {
            action();
            return true;
        });
    }

    /// <summary>Runs the function on the executor; gives its answer, or what it threw.</summary>
    public static Task<T> RunAsync<T>(this IExecutor executor, Func<T> function)
    {
        ArgumentNullException.ThrowIfNull(executor);
        ArgumentNullException.ThrowIfNull(function);
        var ended = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        executor.Post(new ActionWork(() =>
        {
            try
            {
                ended.SetResult(function());
            }
#pragma warning disable CA1031 // Handed to whoever awaits: what leaves a work item could end the process.
            catch (Exception cause)
#pragma warning restore CA1031
            {
                ended.SetException(cause);
            }
        }));
        return ended.Task;
    }
}

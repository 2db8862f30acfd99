using FastLog.Primitives;

namespace FastLog.Client;

/// <summary>
/// Does something each time that metadata counts as old, until it is stopped: so do clients that nothing goes wrong for hear
/// of new partitions. The work reports its own failures.
/// </summary>
internal static class PeriodicRefresh
{
    public static async Task RunAsync(ClientCore client, Func<Task> refresh, CancellationToken stopping)
    {
        await Task.Yield(); // started under locks
        try
        {
            while (true)
            {
                await client.Ports.Timers.DelayAsync(client.Options.MetadataAgeMax, stopping);
                await refresh();
            }
        }
        catch (Exception cause) when (cause is OperationCanceledException or ObjectDisposedException)
        {
            // The client, or what the refresh was for, is disposed.
        }
    }
}

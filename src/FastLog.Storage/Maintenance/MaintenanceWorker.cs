using FastLog.Primitives;

namespace FastLog.Storage.Maintenance;

/// <summary>
/// The background work of one data directory: a lane for each kind of pass, so that a long one of one kind does not keep the
/// others waiting, over one executor slot, so that they do not take the device from appends. From any thread.
/// </summary>
internal sealed class MaintenanceWorker
{
    private readonly MaintenanceLane[] _lanes;

    /// <param name="passes">One of each kind at most.</param>
    /// <param name="openLogs">The open logs, in a fixed order.</param>
    /// <param name="tools">What the passes were given.</param>
    public MaintenanceWorker(
        IReadOnlyList<IMaintenancePass> passes, Func<IReadOnlyList<PartitionLog>> openLogs, MaintenanceTools tools)
    {
        _lanes = [.. passes.Select(pass => new MaintenanceLane(pass, openLogs, tools))];
        Invariant.Check(_lanes.DistinctBy(static lane => lane.Kind).Count() == _lanes.Length);
    }

    public void Start()
    {
        foreach (MaintenanceLane lane in _lanes)
            lane.Start();
    }

    /// <summary>The log is looked at soon, before the next round.</summary>
    public void Ask(PartitionLog log, MaintenanceKind kind) => Find(kind)?.Ask(log);

    /// <summary>One pass over the log now.</summary>
    /// <exception cref="Disk.DiskException">The device failed.</exception>
    public Task RunNowAsync(PartitionLog log, MaintenanceKind kind) => Find(kind)?.RunNowAsync(log) ?? Task.CompletedTask;

    /// <summary>
    /// Begins nothing more. Ends when no pass is under way: the gates of the logs must be closing already, or passes run to
    /// their end.
    /// </summary>
    public async Task StopAsync()
    {
        // All are told before the first is awaited. One by one, as WhenAll would go on on a thread of its own.
        Task[] ended = Array.ConvertAll(_lanes, static lane => lane.StopAsync());
        foreach (Task lane in ended)
            await lane;
    }

    private MaintenanceLane? Find(MaintenanceKind kind) => Array.Find(_lanes, lane => lane.Kind == kind);
}

using FastLog.Primitives;
using FastLog.Storage.Disk;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Maintenance;

/// <summary>
/// Deletes by age and size, whole segments from the log's start, and has the file of the next segment ready. Each round also
/// records the retention clock.
/// </summary>
internal sealed class RetentionPass(IDisk disk, MaintenanceTools tools) : IMaintenancePass
{
    public MaintenanceKind Kind => MaintenanceKind.Retention;

    public TimeSpan Interval => StorageLimits.RetentionInterval;

    public bool ChangesSegments => true;

    public Task BeginRoundAsync() => tools.Executor.RunAsync(() => tools.Clock.Write(disk, tools.Root));

    public Task RunAsync(PartitionLog log, CancellationToken cancellationToken)
    {
        // Most logs, most of the time: nothing is due, and nothing is awaited.
        if (log.Fault is not null)
            return Task.CompletedTask;
        SegmentSet segments = log.Segments;
        RetentionPlan plan = RetentionPlan.Of(segments, log.Options, tools.Clock.Now);
        LogOffset start = plan.Rolls ? segments[^1].End.NextOffset : LogOffset.Zero;
        if (!plan.Rolls && plan.Drop > 0)
            start = segments[plan.Drop].BaseOffset;
        return RunAsync(log, plan, start, segments);
    }

    private static async Task RunAsync(PartitionLog log, RetentionPlan plan, LogOffset start, SegmentSet segments)
    {
        if (plan.Seals)
            await log.SealAsync(segments[^1]);
        await log.Trimmer.RunAsync(start, plan.Rolls ? segments[^1] : null);
        await log.Trimmer.TendSpareAsync();
    }
}

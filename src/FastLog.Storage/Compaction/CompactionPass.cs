using FastLog.Primitives;
using FastLog.Storage.Maintenance;

namespace FastLog.Storage.Compaction;

/// <summary>
/// Keeps the last record of each key in the logs of compacted topics. One a data directory; one log at a time. What it did to
/// some segments counts also when it does not come to its end: the next one begins where all was compacted.
/// </summary>
internal sealed class CompactionPass(CompactionOptions options, MaintenanceTools tools) : IMaintenancePass
{
    private readonly IoThrottle _throttle = new(options.BytesPerSecondMax, tools.Ports);

    public MaintenanceKind Kind => MaintenanceKind.Compaction;

    public TimeSpan Interval => options.Interval;

    public bool ChangesSegments => true;

    public Task RunAsync(PartitionLog log, CancellationToken cancellationToken)
    {
        if (log.Options.Compaction is not { } policy || log.Compaction.IsStopped || log.Fault is not null)
            return Task.CompletedTask;
        bool isEmpty = log.Segments.Count < 2 && policy.LagMax == TimeSpan.MaxValue;
        return isEmpty ? Task.CompletedTask : RunAsync(log, policy, cancellationToken);
    }

    private async Task RunAsync(PartitionLog log, CompactionPolicy policy, CancellationToken cancellationToken)
    {
        CompactionState state = log.Compaction;
        state.Point ??= await tools.Executor.RunAsync(() => CleanPoint.Read(log.Context.Disk, log.Directory));
        await log.RollIfOlderAsync(policy.LagMax);
        bool isFirst = true;
        while (true)
        {
            if (!state.Point.Value.HeldFrom.IsNone && state.Point.Value.HeldFrom < log.Segments[0].BaseOffset)
            {
                // The segment that failed is gone; whether it was the only one, a pass from the start tells.
                state.Point = CleanPoint.Start;
            }

            LogOffset firstDirty = LogOffset.Max(state.Point.Value.FirstDirty, log.LogStart);
            Timestamp now = tools.Clock.Now;
            var plan = CompactionPlan.Of(log.Segments, firstDirty, log.ReadableEnd, policy, now);

            // Where the keys take more than one map, what the first one left is compacted although it is less.
            bool isRest = !isFirst && plan.Segments.Count > 0 && plan.Segments[^1].End.NextOffset > firstDirty;
            if (!plan.IsDue && !isRest)
                return;

            // A start writes carried bytes into their segments again: not into these, from here on.
            await log.RecordAsync();
            using var run = new CompactionRun(log, plan, policy, options.MapBytesMax, tools, _throttle);
            bool isWhole = await run.RunAsync(cancellationToken);
            state.Point = run.Point;
            await log.Trimmer.OnDeviceAsync(() => run.Point.Write(log.Context.Disk, log.Directory));
            if (isWhole)
                return;
            isFirst = false;
        }
    }
}

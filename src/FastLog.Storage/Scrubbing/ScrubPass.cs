using FastLog.Primitives;
using FastLog.Storage.Compaction;
using FastLog.Storage.Maintenance;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Scrubbing;

/// <summary>
/// The scrubber: reads all that is on the disk, below a rate, and checks it. It takes no lock that appends or readers wait
/// for. One log at a time.
/// </summary>
/// <param name="tools">What it shares with other passes.</param>
/// <param name="rate">Bytes a second, of the whole data directory.</param>
/// <param name="interval">Between two rounds.</param>
internal sealed class ScrubPass(MaintenanceTools tools, long rate, TimeSpan interval) : IMaintenancePass
{
    private readonly IoThrottle _throttle = new(rate, tools.Ports);

    public MaintenanceKind Kind => MaintenanceKind.Scrub;

    public TimeSpan Interval => interval;

    /// <summary>At any moment of the interval: a directory that is opened again more often than that is scrubbed as often as others.</summary>
    public TimeSpan FirstDelay { get; } = interval * ((tools.Ports.Entropy.NextUInt64() >> 11) / (double)(1UL << 53));

    public bool BeginsAnywhere => true;

    public bool ChangesSegments => false;

    public async Task RunAsync(PartitionLog log, CancellationToken cancellationToken)
    {
        SegmentSet segments = log.Segments;
        LogOffset[] bases = [.. Enumerable.Range(0, segments.Count).Select(i => segments[i].BaseOffset)];
        foreach (LogOffset segmentBase in bases)
        {
            SegmentScrub? scrub = await log.BeginScrubAsync(segmentBase, tools.Diagnostics);
            while (scrub is { IsDone: false })
            {
                cancellationToken.ThrowIfCancellationRequested();
                long bytes = await tools.Executor.RunAsync(() => scrub.Step(StorageLimits.ScrubStep));
                StorageMetrics.Scrubbed(bytes);
                await _throttle.SpendAsync(bytes, cancellationToken);
            }
        }
    }
}

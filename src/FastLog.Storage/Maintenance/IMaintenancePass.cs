namespace FastLog.Storage.Maintenance;

/// <summary>The kinds of background work on partition logs, one pass each.</summary>
public enum MaintenanceKind
{
    /// <summary>Whole segments go by age and size.</summary>
    Retention,

    /// <summary>Only the last record of each key stays.</summary>
    Compaction,

    /// <summary>What is on the disk is read and checked.</summary>
    Scrub,
}

/// <summary>
/// One kind of background work. The worker goes round the open partition logs with it, one log after the other; two passes
/// that change segments never work on one log at once. Called on the executor of the ports: calls that block on a device
/// go to <see cref="MaintenanceTools.Executor"/>, in slices of a fraction of a second, as all kinds share it.
/// </summary>
internal interface IMaintenancePass
{
    MaintenanceKind Kind { get; }

    /// <summary>Between the end of one round over all logs and the start of the next.</summary>
    TimeSpan Interval { get; }

    /// <summary>Between the opening of the data directory and the first round.</summary>
    TimeSpan FirstDelay => Interval;

    /// <summary>True when a round begins with any log: where few rounds reach their end, each log has its turn.</summary>
    bool BeginsAnywhere => false;

    /// <summary>True when it takes segments of a log out or puts others in their place.</summary>
    bool ChangesSegments { get; }

    /// <summary>Before each round over all logs.</summary>
    /// <exception cref="Disk.DiskException">The device failed: reported, and the round goes on.</exception>
    Task BeginRoundAsync() => Task.CompletedTask;

    /// <summary>
    /// One pass over one log; synchronous when there is nothing to do. After the cancellation it ends soon, in a state from
    /// which a crash would be recovered: the log is being closed.
    /// </summary>
    /// <exception cref="Disk.DiskException">The device failed: reported by the worker, and the round goes on.</exception>
    /// <exception cref="StorageException">As above.</exception>
    Task RunAsync(PartitionLog log, CancellationToken cancellationToken);
}

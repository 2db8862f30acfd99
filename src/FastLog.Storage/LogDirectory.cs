using FastLog.Primitives;
using FastLog.Storage.Appending;
using FastLog.Storage.Compaction;
using FastLog.Storage.Disk;
using FastLog.Storage.Flushing;
using FastLog.Storage.Maintenance;
using FastLog.Storage.Producers;
using FastLog.Storage.Recovery;
using FastLog.Storage.Scrubbing;
using FastLog.Storage.Segments;
using FastLog.Storage.Space;

namespace FastLog.Storage;

/// <summary>
/// One data directory: lock, identity, recovery log, group commit and the partitions in it. All members from any thread;
/// nothing is opened or deleted once <see cref="DisposeAsync"/> has begun.
/// </summary>
public sealed class LogDirectory : IAsyncDisposable
{
    private readonly IDisk _disk;
    private readonly string _path;
    private readonly RuntimePorts _ports;
    private readonly IDisposable _held;
    private readonly RecoveryLog _recoveryLog;
    private readonly GroupCommit _groupCommit;
    private readonly StorageDiagnostics _diagnostics;
    private readonly MaintenanceWorker _maintenance;
    private readonly RetentionClock _clock;
    private readonly PartitionServices _services;
    private readonly SpaceReserve _space;
    private readonly WarmLogs _warmLogs;
    private readonly OpenSegmentCache _openSegments = new(StorageLimits.OpenSegmentsMax);
    private readonly Lock _gate = new();
    private readonly Dictionary<TopicPartition, Task<PartitionLog>> _logs = [];
    private readonly Dictionary<TopicPartition, FlushPoint> _cleanEnds;
    private bool _closing;

    private LogDirectory(
        IDisk disk, string path, LogDirectoryOptions options, RuntimePorts ports, OpenedDirectory opened)
    {
        _disk = disk;
        _path = path;
        _ports = ports;
        _held = opened.Held;
        _recoveryLog = opened.RecoveryLog;
        _cleanEnds = opened.CleanEnds;
        _diagnostics = opened.Diagnostics;
        WasClean = opened.WasClean;
        ClusterId = opened.Meta.ClusterId;
        NodeId = opened.Meta.NodeId;
        _clock = opened.Clock;
        _warmLogs = new WarmLogs(ports.Clock, options.WarmLogsMax);
        _space = new SpaceReserve(disk, path, options.FreeReserve, ports, opened.Diagnostics);
        _groupCommit = new GroupCommit(_recoveryLog, options.Flush, ports);
        var tools = new MaintenanceTools(
            path,
            new BoundedExecutor(ports.BlockingExecutor, StorageLimits.MaintenanceAtOnceMax),
            ports,
            opened.Clock,
            _diagnostics);
        _maintenance = new MaintenanceWorker(Passes(options, tools), OpenLogs, tools);
        _services = new PartitionServices(
            _groupCommit,
            ports,
            opened.Clock,
            _warmLogs,
            _diagnostics,
            new BoundedExecutor(ports.BlockingExecutor, StorageLimits.LookupsAtOnceMax),
            tools.Executor,
            new ProducerWalkBudget(new BoundedExecutor(ports.BlockingExecutor, StorageLimits.ProducerSnapshotsAtOnceMax)),
            options.RecyclesSegments,
            _space,
            log => _maintenance.Ask(log, MaintenanceKind.Retention));
    }

    /// <summary>True when the last life ended by <see cref="DisposeAsync"/>, or there was none.</summary>
    public bool WasClean { get; }

    public Uid128 ClusterId { get; }

    public NodeId NodeId { get; }

    /// <summary>Logs whose files are open for appends now.</summary>
    public int WarmLogs => _warmLogs.Count;

    /// <summary>The room that the directory has, and whether appends are refused for want of it.</summary>
    public SpaceStatus Space => _space.Status;

    /// <summary>Takes the directory (made if absent). Fast: no partition is read.</summary>
    /// <exception cref="StorageException">In use, of another format or identity, damaged, or the device failed.</exception>
    public static LogDirectory Open(IDisk disk, string path, LogDirectoryOptions options, RuntimePorts ports)
    {
        ArgumentNullException.ThrowIfNull(disk);
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(ports);
        options.Compaction.Check(path);
        if (path.Length > 1)
            path = path.TrimEnd('/');
        try
        {
            OpenedDirectory opened = DirectoryOpening.Run(disk, path, options, ports);
            var directory = new LogDirectory(disk, path, options, ports, opened);
            directory._maintenance.Start();
            directory._space.Start(directory.AskRetentionOfAll);
            return directory;
        }
        catch (DiskException failure)
        {
            throw DirectoryOpening.AsStorageException(failure);
        }
    }

    /// <summary>Creates or recovers a partition; the work runs on the blocking executor.</summary>
    /// <exception cref="StorageException">Already open, damaged past use, foreign, or the device failed.</exception>
    public async ValueTask<PartitionLog> OpenPartitionAsync(
        TopicPartition id, string topicName, PartitionLogOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(topicName);
        ArgumentNullException.ThrowIfNull(options);
        cancellationToken.ThrowIfCancellationRequested();
        string directory = DataDirectoryLayout.PartitionDirectory(_path, id, topicName);
        options.Check(directory);
        if (!DataDirectoryLayout.IsTopicName(topicName))
            throw new StorageException(
                StorageErrorKind.InvalidArgument, directory, $"'{topicName}' cannot be a topic's name");
        if (id.Topic.IsNone || id.Partition.Value < 0)
            throw new StorageException(StorageErrorKind.InvalidArgument, directory, $"'{id}' names no partition");
        var opened = new TaskCompletionSource<PartitionLog>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_closing)
                throw new StorageException(StorageErrorKind.Closed, directory, "the data directory is closed");
            if (!_logs.TryAdd(id, opened.Task))
                throw new StorageException(StorageErrorKind.AlreadyOpen, directory, $"'{directory}' is open already");
        }

        _ports.BlockingExecutor.Post(new ActionWork(() => OpenPartition(id, topicName, options, directory, opened)));
        return await opened.Task;
    }

    /// <summary>
    /// Closes the partition if it is open and deletes its files. Regions that were read before stay readable until they
    /// are released.
    /// </summary>
    /// <exception cref="StorageException">The device failed: it may be called again.</exception>
    public async ValueTask DeletePartitionAsync(TopicPartition id, string topicName)
    {
        ArgumentNullException.ThrowIfNull(topicName);
        Task<PartitionLog>? open;
        lock (_gate)
        {
            if (_closing)
                throw new StorageException(StorageErrorKind.Closed, _path, "the data directory is closed");
            _logs.TryGetValue(id, out open);
        }

        try
        {
            if (open is not null)
                await (await open).AbandonAsync();
            else
                _recoveryLog.Forget(id);
            await _ports.BlockingExecutor.RunAsync(() => DeleteFiles(id, topicName));
        }
        catch (DiskException failure)
        {
            throw DirectoryOpening.AsStorageException(failure);
        }

        lock (_gate)
        {
            _logs.Remove(id);
            _cleanEnds.Remove(id);
        }
    }

    /// <summary>The partitions that have a directory, in order of topic name, topic id and number.</summary>
    /// <exception cref="StorageException">The device failed.</exception>
    public IReadOnlyList<(TopicPartition Id, string TopicName)> ListPartitions()
    {
        try
        {
            return DataDirectoryLayout.List(_disk, _path);
        }
        catch (DiskException failure)
        {
            throw DirectoryOpening.AsStorageException(failure);
        }
    }

    /// <summary>One pass over an open log now, beside the rounds in the background; for tests and tools.</summary>
    /// <exception cref="StorageException">It is not open, or the device failed.</exception>
    public async Task RunMaintenanceAsync(TopicPartition id, MaintenanceKind kind)
    {
        PartitionLog log = OpenLogs().FirstOrDefault(log => log.Id == id)
            ?? throw new StorageException(StorageErrorKind.InvalidArgument, _path, $"partition {id} is not open");
        try
        {
            await _maintenance.RunNowAsync(log, kind);
        }
        catch (DiskException failure)
        {
            throw DirectoryOpening.AsStorageException(failure);
        }
    }

    /// <summary>
    /// Flushes, closes, writes the clean-shutdown marker for what was opened and is whole, and gives the directory free.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        Task<PartitionLog>[] logs;
        lock (_gate)
        {
            if (_closing)
                return;
            _closing = true;
            logs = [.. _logs.OrderBy(static pair => pair.Key).Select(static pair => pair.Value)];
        }

        try
        {
            await _space.StopAsync();
            Task stopped = _maintenance.StopAsync();

            // All begin before the first is awaited, so that they share their flushes.
            Task<bool>[] closings = Array.ConvertAll(logs, CloseAsync);
            foreach (Task<bool> closing in closings)
                await closing;
            await stopped;
            bool flushed = await TryCloseGroupCommitAsync();
            if (flushed)
                await _ports.BlockingExecutor.RunAsync(WriteMarker);
        }
        finally
        {
            _held.Dispose();
        }
    }

    private List<IMaintenancePass> Passes(LogDirectoryOptions options, MaintenanceTools tools)
    {
        List<IMaintenancePass> passes = [new RetentionPass(_disk, tools), new CompactionPass(options.Compaction, tools)];
        if (options.ScrubRate > 0)
            passes.Add(new ScrubPass(tools, options.ScrubRate, options.ScrubInterval));
        return passes;
    }

    private IReadOnlyList<PartitionLog> OpenLogs()
    {
        lock (_gate)
        {
            return [.. _logs
                .Where(static pair => pair.Value.IsCompletedSuccessfully)
                .OrderBy(static pair => pair.Key)
                .Select(static pair => pair.Value.Result)];
        }
    }

    // Files that are kept ready for the next segment give their space back, and what retention may delete goes now.
    private void AskRetentionOfAll()
    {
        foreach (PartitionLog log in OpenLogs())
            _maintenance.Ask(log, MaintenanceKind.Retention);
    }

    private async Task<bool> CloseAsync(Task<PartitionLog> open)
    {
        PartitionLog log;
        try
        {
            log = await open;
        }
        catch (StorageException)
        {
            // It was never open: told to whoever opened it, and it stays to be recovered.
            return false;
        }

        bool isWhole = await log.CloseAsync();
        lock (_gate)
        {
            if (isWhole)
                _cleanEnds[log.Id] = log.EndPoint;
        }

        return isWhole;
    }

    private async Task<bool> TryCloseGroupCommitAsync()
    {
        try
        {
            await _groupCommit.DisposeAsync();
            return _groupCommit.Failure is null;
        }
        catch (DiskException failure)
        {
            _diagnostics.CleanMarkerFailed(_path, failure);
            return false;
        }
    }

    private void WriteMarker()
    {
        try
        {
            _clock.Write(_disk, _path);
            CleanShutdownMarker.Write(_disk, _path, _cleanEnds);
            _diagnostics.DirectoryClosed(_path, _cleanEnds.Count);
        }
        catch (DiskException failure)
        {
            // The next start recovers: slower, not wrong.
            _diagnostics.CleanMarkerFailed(_path, failure);
        }
    }

    private void OpenPartition(
        TopicPartition id,
        string topicName,
        PartitionLogOptions options,
        string directory,
        TaskCompletionSource<PartitionLog> opened)
    {
        try
        {
            opened.TrySetResult(Recover(id, topicName, options, directory));
            return;
        }
        catch (DiskException failure)
        {
            opened.TrySetException(DirectoryOpening.AsStorageException(failure));
        }
#pragma warning disable CA1031 // The executor's thread must not end by our own bug; the caller sees it.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            opened.TrySetException(failure);
        }

        lock (_gate)
            _logs.Remove(id);
    }

    private PartitionLog Recover(TopicPartition id, string topicName, PartitionLogOptions options, string directory)
    {
        RecoveredPartition? recorded = _recoveryLog.Find(id);
        FlushPoint? cleanEnd = null;
        lock (_gate)
        {
            // From here on its end moves: it is clean again when it was closed.
            if (_cleanEnds.Remove(id, out FlushPoint end))
                cleanEnd = end;
        }

        Timestamp appendedBy = cleanEnd is not null ? _clock.Recorded : _clock.Now;
        var context = new SegmentContext(_disk, directory, id, _openSegments, appendedBy);
        bool isKnown = cleanEnd is not null || recorded is not null;
        bool isNew = PartitionDirectory.Ensure(_disk, _path, id, topicName, isKnown);
        SegmentSwap.Recover(context, _diagnostics);
        using (var replay = new ReplayFiles(context))
            _recoveryLog.Replay(id, replay.Open);
        var lastLife = new LastLife(cleanEnd, recorded, isNew && recorded is null);
        RecoveredLog recovered = new LogRecovery(context, lastLife, _diagnostics).Run();
        LoadedProducers producers = new ProducerRecovery(context, _diagnostics, _ports.Clock.Now).Run(recovered);
        var log = new PartitionLog(context, topicName, options, recovered, producers, _services);
        log.Subscribe(new FaultReporter(_diagnostics, directory));
        return log;
    }

    private void DeleteFiles(TopicPartition id, string topicName)
    {
        PartitionDirectory.Delete(_disk, _path, id, topicName);
        _diagnostics.PartitionDeleted(DataDirectoryLayout.PartitionDirectory(_path, id, topicName));
    }

    /// <summary>Tells the operator when a log is fenced.</summary>
    private sealed class FaultReporter(StorageDiagnostics diagnostics, string directory) : ILogObserver
    {
        public void ReadableEndAdvanced(PartitionLog log)
        {
        }

        public void Faulted(PartitionLog log, StorageFault fault) => diagnostics.PartitionFenced(directory, fault);
    }
}

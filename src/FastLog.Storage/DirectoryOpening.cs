using FastLog.Primitives;
using FastLog.Storage.Disk;
using FastLog.Storage.Flushing;
using FastLog.Storage.Maintenance;
using FastLog.Storage.Recovery;

namespace FastLog.Storage;

/// <summary>What the opening of a data directory gives.</summary>
internal sealed record OpenedDirectory(
    IDisposable Held,
    DirectoryMeta Meta,
    bool WasClean,
    Dictionary<TopicPartition, FlushPoint> CleanEnds,
    RecoveryLog RecoveryLog,
    RetentionClock Clock,
    StorageDiagnostics Diagnostics);

/// <summary>Takes a data directory: lock, identity, clean marker, recovery log, in this order.</summary>
internal static class DirectoryOpening
{
    /// <exception cref="StorageException">In use, of another format or identity, or damaged.</exception>
    /// <exception cref="DiskException">The device failed.</exception>
    public static OpenedDirectory Run(IDisk disk, string path, LogDirectoryOptions options, RuntimePorts ports)
    {
        var diagnostics = new StorageDiagnostics(options.OnEvent);
        EnsureDirectory(disk, path);
        LogDirectoryLock held = Take(disk, path);
        try
        {
            DirectoryMeta meta = ReadMeta(disk, path, options, ports, out bool isNew);
            AtomicFileStatus marker = CleanShutdownMarker.TryRead(
                disk, path, out Dictionary<TopicPartition, FlushPoint> cleanEnds);
            bool wasClean = isNew || marker == AtomicFileStatus.Ok;
            if (marker != AtomicFileStatus.Absent)
                CleanShutdownMarker.Remove(disk, path);
            if (!wasClean)
                diagnostics.UncleanStart(path, marker == AtomicFileStatus.Absent ? "no marker" : $"marker {marker}");
            EnsureChild(disk, path, DataDirectoryLayout.Topics);
            RecoveryLog recoveryLog = OpenRecoveryLog(disk, path, ports);
            ReportRecoveryLog(disk, path, recoveryLog, diagnostics);
            RetentionClock clock = OpenClock(disk, path, ports, diagnostics);
            diagnostics.DirectoryOpened(path, wasClean);
            return new OpenedDirectory(held, meta, wasClean, cleanEnds, recoveryLog, clock, diagnostics);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    public static StorageException AsStorageException(DiskException failure) => new(
        failure.IsDiskFull ? StorageErrorKind.DiskFull : StorageErrorKind.Device,
        failure.Path,
        failure.Message,
        failure);

    private static void EnsureDirectory(IDisk disk, string path)
    {
        // Its own entries always: a life may have been killed between the file `meta` and the flush of its name.
        if (disk.FileExists($"{path}/{DataDirectoryLayout.Meta}"))
        {
            disk.FlushDirectory(path);
            return;
        }

        // Without it the directory is new, or a life was killed while it made it: then which parents are new is not known,
        // and all of them must be durable, from the top down.
        var parents = new Stack<string>();
        for (string at = path; at is not ("." or "/"); at = ParentOf(at))
            parents.Push(ParentOf(at));
        disk.CreateDirectory(path);
        foreach (string parent in parents)
            FlushParent(disk, parent);
    }

    private static void FlushParent(IDisk disk, string parent)
    {
        const int notPermitted = 1;
        const int accessDenied = 13;
        try
        {
            disk.FlushDirectory(parent);
        }
        catch (DiskException failure) when (failure.ErrorNumber is notPermitted or accessDenied)
        {
            // A directory further up that this user may not read: it is not one that was made here.
        }
    }

    private static string ParentOf(string path)
    {
        int end = path.LastIndexOf('/');
        return end switch
        {
            < 0 => ".",
            0 => "/",
            _ => path[..end],
        };
    }

    private static void EnsureChild(IDisk disk, string path, string name)
    {
        if (!disk.DirectoryExists($"{path}/{name}"))
            disk.CreateDirectory($"{path}/{name}");
        disk.FlushDirectory(path);
    }

    private static LogDirectoryLock Take(IDisk disk, string path)
    {
        try
        {
            return LogDirectoryLock.Take(disk, path);
        }
        catch (DataDirectoryInUseException inUse)
        {
            throw new StorageException(StorageErrorKind.InUse, path, inUse.Message, inUse);
        }
    }

    private static DirectoryMeta ReadMeta(
        IDisk disk, string path, LogDirectoryOptions options, RuntimePorts ports, out bool isNew)
    {
        AtomicFileStatus status = DirectoryMeta.TryRead(disk, path, out DirectoryMeta meta);
        isNew = status == AtomicFileStatus.Absent;
        switch (status)
        {
            case AtomicFileStatus.Ok:
                CheckIdentity(path, options, meta);
                return meta;
            case AtomicFileStatus.Absent:
                return MakeMeta(disk, path, options, ports);
            case AtomicFileStatus.Damaged:
                throw new StorageException(
                    StorageErrorKind.Damaged, path, $"'{path}/{DataDirectoryLayout.Meta}' is damaged");
            default:
                throw new StorageException(
                    StorageErrorKind.ForeignFormat,
                    path,
                    $"'{path}' has a format that this program does not know ({status})");
        }
    }

    private static void CheckIdentity(string path, LogDirectoryOptions options, in DirectoryMeta meta)
    {
        if (meta.NodeId != options.NodeId)
            throw new StorageException(
                StorageErrorKind.ForeignIdentity,
                path,
                $"'{path}' belongs to node {meta.NodeId}, this is node {options.NodeId}");
        if (!options.ClusterId.IsNone && options.ClusterId != meta.ClusterId)
            throw new StorageException(
                StorageErrorKind.ForeignIdentity,
                path,
                $"'{path}' belongs to cluster {meta.ClusterId}, this is cluster {options.ClusterId}");
    }

    private static DirectoryMeta MakeMeta(
        IDisk disk, string path, LogDirectoryOptions options, RuntimePorts ports)
    {
        if (disk.DirectoryExists($"{path}/{DataDirectoryLayout.Topics}"))
            throw new StorageException(
                StorageErrorKind.Damaged,
                path,
                $"'{path}' holds topics but no '{DataDirectoryLayout.Meta}': restore that file");
        Uid128 cluster = options.ClusterId.IsNone ? Uid128.NewRandom(ports.Entropy) : options.ClusterId;
        var meta = new DirectoryMeta(cluster, options.NodeId);
        meta.Write(disk, path);
        return meta;
    }

    private static RecoveryLog OpenRecoveryLog(IDisk disk, string path, RuntimePorts ports)
    {
        try
        {
            return RecoveryLog.Open(disk, $"{path}/{DataDirectoryLayout.Recovery}", ports.Entropy);
        }
        catch (RecoveryLogVersionException later)
        {
            throw new StorageException(StorageErrorKind.ForeignFormat, path, later.Message, later);
        }
    }

    private static RetentionClock OpenClock(
        IDisk disk, string path, RuntimePorts ports, StorageDiagnostics diagnostics)
    {
        AtomicFileStatus status = RetentionClock.Open(disk, path, ports.Clock, out RetentionClock clock);
        if (status == AtomicFileStatus.VersionUnknown)
            throw new StorageException(
                StorageErrorKind.ForeignFormat,
                path,
                $"'{path}/{RetentionClock.FileName}' was written by a later version of this program");
        if (status is not (AtomicFileStatus.Ok or AtomicFileStatus.Absent))
            diagnostics.ClockLost(path, status.ToString());
        return clock;
    }

    private static void ReportRecoveryLog(
        IDisk disk, string path, RecoveryLog recoveryLog, StorageDiagnostics diagnostics)
    {
        foreach (string defect in recoveryLog.Defects)
            diagnostics.RecoveryLogDefect(path, defect);
        HashSet<TopicPartition> present = [.. DataDirectoryLayout.List(disk, path).Select(static pair => pair.Id)];
        foreach (RecoveredPartition recorded in recoveryLog.Recovered)
        {
            if (present.Contains(recorded.Id))
                continue;
            diagnostics.DirectoryUnknown(
                path,
                $"partition {recorded.Id} is in the recovery log up to offset {recorded.RecoveryPoint.NextOffset} and has "
                    + "no directory: deleted, or lost");
            recoveryLog.Forget(recorded.Id);
        }
    }
}

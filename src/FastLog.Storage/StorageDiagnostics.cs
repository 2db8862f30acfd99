namespace FastLog.Storage;

/// <summary>What the engine tells an operator; the numbers are stable.</summary>
public enum StorageEventId
{
    DirectoryOpened = 100,
    DirectoryClosed = 101,
    UncleanStart = 102,
    RecoveryLogDefect = 103,
    DirectoryUnknown = 104,
    CleanMarkerFailed = 105,
    ClockLost = 106,
    PartitionRecovered = 110,
    TailCut = 111,
    DefectFound = 112,
    PartitionFenced = 113,
    PartitionDeleted = 114,
    DefectLifted = 115,
    IndexRebuilt = 116,
    MaintenanceFailed = 120,
    ReserveReached = 150,
    ReserveLeft = 151,
    LogCompacted = 140,
    CompactionFailed = 141,
    CompactionStopped = 142,
    CompactedSegmentDamaged = 143,
    ProducerSnapshotRefused = 130,
    ProducerSnapshotFailed = 131,
    ProducersRebuilt = 132,
}

/// <summary>One thing worth telling: a change of state or damage, never per record.</summary>
/// <param name="Id">Which kind.</param>
/// <param name="IsWarning">True when an operator should look at it.</param>
/// <param name="Path">The directory or file concerned.</param>
/// <param name="Message">For people.</param>
public sealed record StorageEvent(StorageEventId Id, bool IsWarning, string Path, string Message);

/// <summary>The engine's diagnostics: each event is declared here. Thread-safe as the sink is.</summary>
internal sealed class StorageDiagnostics(Action<StorageEvent>? sink)
{
    public void DirectoryOpened(string path, bool wasClean) =>
        Tell(StorageEventId.DirectoryOpened, false, path, $"data directory opened, last stop clean: {wasClean}");

    public void DirectoryClosed(string path, int partitions) =>
        Tell(StorageEventId.DirectoryClosed, false, path, $"data directory closed, {partitions} partitions marked clean");

    public void UncleanStart(string path, string reason) =>
        Tell(StorageEventId.UncleanStart, true, path, $"the last stop was not clean ({reason}): partitions are recovered");

    public void RecoveryLogDefect(string path, string defect) =>
        Tell(StorageEventId.RecoveryLogDefect, true, path, $"recovery log: {defect}");

    public void DirectoryUnknown(string path, string what) =>
        Tell(StorageEventId.DirectoryUnknown, true, path, what);

    public void CleanMarkerFailed(string path, Exception cause) =>
        Tell(StorageEventId.CleanMarkerFailed, true, path, $"the clean-shutdown marker was not written: {cause.Message}");

    public void ClockLost(string path, string status) => Tell(
        StorageEventId.ClockLost,
        true,
        path,
        $"the file of the retention clock does not check ({status}): ages go on by the wall clock's time");

    public void PartitionRecovered(string path, long scannedBytes, string end)
    {
        StorageMetrics.Recovered(scannedBytes);
        Tell(StorageEventId.PartitionRecovered, false, path, $"recovered, {scannedBytes} bytes read, log end {end}");
    }

    public void TailCut(string path, long bytes, string reason, string savedAs)
    {
        StorageMetrics.Cut(bytes);
        Tell(StorageEventId.TailCut, true, path, $"cut {bytes} bytes above the recovery point ({reason}), {savedAs}");
    }

    public void DefectFound(LogDefect defect)
    {
        StorageMetrics.DefectFound();
        Tell(
            StorageEventId.DefectFound,
            true,
            defect.File,
            $"{defect.Kind} at {defect.Position}, {defect.Length} bytes, offsets {defect.FirstOffset}.."
                + $"{defect.LastOffset}: {defect.Detail}");
    }

    public void DefectLifted(LogDefect defect, string why) => Tell(
        StorageEventId.DefectLifted,
        false,
        defect.File,
        $"{defect.Kind} at {defect.Position}, offsets {defect.FirstOffset}..{defect.LastOffset}, is good again: {why}");

    public void ReserveReached(string path, Space.SpaceStatus space) => Tell(
        StorageEventId.ReserveReached, true, path, $"records are refused: {space}; delete topics or records, or make room");

    public void ReserveLeft(string path, Space.SpaceStatus space) =>
        Tell(StorageEventId.ReserveLeft, true, path, $"records are taken again: {space}");

    public void IndexRebuilt(string path, string why) =>
        Tell(StorageEventId.IndexRebuilt, true, path, $"its indexes lied and were made anew: {why}");

    public void PartitionFenced(string path, StorageFault fault) =>
        Tell(StorageEventId.PartitionFenced, true, path, $"fenced at offset {fault.Offset}: {fault.Message}");

    public void MaintenanceFailed(string path, Maintenance.MaintenanceKind kind, Exception cause)
    {
        StorageMetrics.MaintenanceFailed();
        Tell(StorageEventId.MaintenanceFailed, true, path, $"{kind} failed and is tried again later: {cause.Message}");
    }

    public void PartitionDeleted(string path) => Tell(StorageEventId.PartitionDeleted, false, path, "partition deleted");

    public void LogCompacted(string path, string what) => Tell(StorageEventId.LogCompacted, false, path, what);

    public void CompactionFailed(LogDefect defect) => Tell(
        StorageEventId.CompactionFailed,
        true,
        defect.File,
        $"a segment is left out of the compaction, offsets {defect.FirstOffset}..{defect.LastOffset}: {defect.Kind} at "
            + $"{defect.Position}: {defect.Detail}");

    public void CompactionStopped(string path, Exception cause) => Tell(
        StorageEventId.CompactionStopped,
        true,
        path,
        $"the log is not compacted any more until it is opened again: {cause.Message}");

    public void CompactedSegmentDamaged(string path) => Tell(
        StorageEventId.CompactedSegmentDamaged,
        true,
        path,
        "a compacted segment does not check and was set aside; the segments that it stood for are served where they are left");
    public void ProducerSnapshotRefused(string path, string why) =>
        Tell(StorageEventId.ProducerSnapshotRefused, true, path, $"a snapshot of producers is not used: {why}");

    public void ProducerSnapshotFailed(string path, Exception cause) =>
        Tell(StorageEventId.ProducerSnapshotFailed, true, path, $"a snapshot of producers was not written: {cause.Message}");

    public void ProducersRebuilt(string path, string from, long bytes) =>
        Tell(
            StorageEventId.ProducersRebuilt,
            true,
            path,
            $"the producers were taken from the batch headers of {bytes} bytes from offset {from} on, for want of a snapshot");

    private void Tell(StorageEventId id, bool isWarning, string path, string message) =>
        sink?.Invoke(new StorageEvent(id, isWarning, path, message));
}

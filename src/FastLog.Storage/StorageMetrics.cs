using System.Diagnostics.Metrics;

namespace FastLog.Storage;

/// <summary>The engine's instruments; counted per write, roll or event, never per record. Thread-safe.</summary>
public static class StorageMetrics
{
    public const string MeterName = "FastLog.Storage";

    private static readonly Meter Meter = new(MeterName);

    private static readonly Counter<long> AppendCounter =
        Meter.CreateCounter<long>("fastlog.storage.appends", "{append}", "Appends that were written.");

    private static readonly Counter<long> ByteCounter =
        Meter.CreateCounter<long>("fastlog.storage.appended", "By", "Bytes of batches that were written.");

    private static readonly Counter<long> WriteCounter =
        Meter.CreateCounter<long>("fastlog.storage.writes", "{write}", "Gathered writes.");

    private static readonly Counter<long> RefusedCounter =
        Meter.CreateCounter<long>("fastlog.storage.refused", "{append}", "Appends refused for want of space.");

    private static readonly Counter<long> DuplicateCounter =
        Meter.CreateCounter<long>("fastlog.storage.duplicates", "{append}", "Appends that were in the log already.");

    private static readonly Counter<long> RollCounter =
        Meter.CreateCounter<long>("fastlog.storage.rolls", "{segment}", "Segments begun.");

    private static readonly Counter<long> FaultCounter =
        Meter.CreateCounter<long>("fastlog.storage.faults", "{partition}", "Partition logs fenced.");

    private static readonly Counter<long> DefectCounter =
        Meter.CreateCounter<long>("fastlog.storage.defects", "{defect}", "Damage found below a recovery point.");

    private static readonly Counter<long> CutCounter =
        Meter.CreateCounter<long>("fastlog.storage.cut", "By", "Bytes cut above a recovery point.");

    private static readonly Counter<long> MaintenanceFailureCounter =
        Meter.CreateCounter<long>("fastlog.storage.maintenance.failures", "{pass}", "Background passes that failed.");

    private static readonly Counter<long> CompactedByteCounter =
        Meter.CreateCounter<long>("fastlog.storage.compacted", "By", "Bytes of segments that a compaction went over.");

    private static readonly Counter<long> DroppedCounter =
        Meter.CreateCounter<long>("fastlog.storage.compaction.dropped", "{record}", "Records that a compaction removed.");

    private static readonly Counter<long> ScrubbedCounter =
        Meter.CreateCounter<long>("fastlog.storage.scrubbed", "By", "Bytes that the scrubber read and checked.");

    private static readonly Counter<long> DeletedCounter =
        Meter.CreateCounter<long>("fastlog.storage.deleted.segments", "{segment}", "Segments below the log start that were deleted.");

    private static readonly Counter<long> DeletedByteCounter =
        Meter.CreateCounter<long>("fastlog.storage.deleted", "By", "Bytes of those segments.");

    private static readonly Counter<long> RecycledCounter =
        Meter.CreateCounter<long>("fastlog.storage.recycled", "{segment}", "Files of deleted segments that are used again.");

    internal static void Recycled() => RecycledCounter.Add(1);

    internal static void Deleted(int segments, long bytes)
    {
        DeletedCounter.Add(segments);
        DeletedByteCounter.Add(bytes);
    }

    internal static void Written(int appends, long bytes)
    {
        AppendCounter.Add(appends);
        ByteCounter.Add(bytes);
        WriteCounter.Add(1);
    }

    internal static void DiskFull(int appends) => RefusedCounter.Add(appends);

    internal static void Duplicate() => DuplicateCounter.Add(1);

    internal static void Rolled() => RollCounter.Add(1);

    internal static void Fenced() => FaultCounter.Add(1);

    internal static void DefectFound() => DefectCounter.Add(1);

    internal static void MaintenanceFailed() => MaintenanceFailureCounter.Add(1);

    internal static void Compacted(long bytes, long recordsDropped)
    {
        CompactedByteCounter.Add(bytes);
        DroppedCounter.Add(recordsDropped);
    }

    internal static void Scrubbed(long bytes) => ScrubbedCounter.Add(bytes);

    internal static void Cut(long bytes) => CutCounter.Add(bytes);
}

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
        Meter.CreateCounter<long>("fastlog.storage.deleted", "By", "Bytes of segments below the log start that were deleted.");

    private static readonly Counter<long> RecycledCounter =
        Meter.CreateCounter<long>("fastlog.storage.recycled", "{segment}", "Files of deleted segments that are used again.");

    private static readonly Counter<long> RecoveredCounter =
        Meter.CreateCounter<long>("fastlog.storage.recovered", "{partition}", "Partition logs that were opened after a stop that was not clean.");

    private static readonly Counter<long> RecoveryByteCounter =
        Meter.CreateCounter<long>("fastlog.storage.recovery.read", "By", "Bytes above recovery points that a start read and checked.");

    private static readonly Counter<long> RoundCounter = Meter.CreateCounter<long>(
        "fastlog.storage.flush.rounds", "{round}", "Flush rounds: of one partition's own files, or carried by the recovery log.");

    private static readonly Counter<long> FileFlushCounter =
        Meter.CreateCounter<long>("fastlog.storage.flush.calls", "{call}", "Calls of fdatasync, the recovery log's among them.");

    private static readonly Counter<long> FlushedByteCounter =
        Meter.CreateCounter<long>("fastlog.storage.flushed", "By", "Bytes of partitions that became durable.");

    private static readonly Histogram<double> FlushHistogram = Meter.CreateHistogram(
        "fastlog.storage.flush.duration", "s", "How long a flush round took.",
        tags: null,
        new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
        });

    private static readonly KeyValuePair<string, object?> DirectRound = new("kind", "direct");
    private static readonly KeyValuePair<string, object?> CarriedRound = new("kind", "carried");

    internal static void Recovered(long bytesRead)
    {
        RecoveredCounter.Add(1);
        RecoveryByteCounter.Add(bytesRead);
    }

    internal static void RoundEnded(bool carried, long bytes, TimeSpan duration)
    {
        RoundCounter.Add(1, carried ? CarriedRound : DirectRound);
        FlushedByteCounter.Add(bytes);
        FlushHistogram.Record(duration.TotalSeconds);
    }

    internal static void FilesFlushed(int count) => FileFlushCounter.Add(count);

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

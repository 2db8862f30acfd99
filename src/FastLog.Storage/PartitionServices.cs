using FastLog.Primitives;
using FastLog.Storage.Appending;
using FastLog.Storage.Flushing;
using FastLog.Storage.Maintenance;
using FastLog.Storage.Producers;

namespace FastLog.Storage;

/// <summary>What the partition logs of one data directory share. Thread-safe.</summary>
/// <param name="GroupCommit">Makes what they write durable.</param>
/// <param name="Ports">Clock, executors, timers.</param>
/// <param name="Clock">By which segments age.</param>
/// <param name="WarmLogs">Bounds how many of them are open for appends.</param>
/// <param name="Diagnostics">What an operator should know.</param>
/// <param name="Lookups">For look-ups that read from the device.</param>
/// <param name="MaintenanceExecutor">For blocking calls in the background.</param>
/// <param name="ProducerWalks">Says when a log writes its producers down.</param>
/// <param name="RecyclesSegments">Files of deleted segments are used again.</param>
/// <param name="Space">Says whether there is room for appends.</param>
/// <param name="AskRetention">Has a log looked at soon.</param>
internal sealed record PartitionServices(
    GroupCommit GroupCommit,
    RuntimePorts Ports,
    RetentionClock Clock,
    WarmLogs WarmLogs,
    StorageDiagnostics Diagnostics,
    IExecutor Lookups,
    IExecutor MaintenanceExecutor,
    ProducerWalkBudget ProducerWalks,
    bool RecyclesSegments,
    Space.SpaceReserve Space,
    Action<PartitionLog> AskRetention);

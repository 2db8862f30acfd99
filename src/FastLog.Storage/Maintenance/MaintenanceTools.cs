using FastLog.Primitives;

namespace FastLog.Storage.Maintenance;

/// <summary>What the passes of one data directory share. Thread-safe.</summary>
/// <param name="Root">The data directory.</param>
/// <param name="Executor">For blocking calls of all passes: one at a time, so that flushes keep their threads.</param>
/// <param name="Ports">Timers and the rest.</param>
/// <param name="Clock">By which segments and records age.</param>
/// <param name="Diagnostics">For what an operator should know.</param>
internal sealed record MaintenanceTools(
    string Root, IExecutor Executor, RuntimePorts Ports, RetentionClock Clock, StorageDiagnostics Diagnostics);

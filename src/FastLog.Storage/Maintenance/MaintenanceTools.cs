using FastLog.Primitives;

namespace FastLog.Storage.Maintenance;

/// <summary>What the passes of one data directory share. Thread-safe.</summary>
/// <param name="Executor">For blocking calls of all passes: one at a time, so that flushes keep their threads.</param>
/// <param name="Ports">Clock, timers and the rest.</param>
/// <param name="Diagnostics">For what an operator should know.</param>
internal sealed record MaintenanceTools(IExecutor Executor, RuntimePorts Ports, StorageDiagnostics Diagnostics);

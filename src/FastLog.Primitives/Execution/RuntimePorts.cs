namespace FastLog.Primitives;

/// <summary>
/// What the machine gives to everything above the seams: clock, executors, timers and randomness. The simulator
/// gives its own, and all of the same code runs on one thread.
/// </summary>
public sealed class RuntimePorts
{
    public required IClock Clock { get; init; }

    /// <summary>For short work that does not block.</summary>
    public required IExecutor Executor { get; init; }

    /// <summary>For calls that block on a device (fdatasync): a bounded number of threads.</summary>
    public required IExecutor BlockingExecutor { get; init; }

    public required ITimers Timers { get; init; }

    public required IEntropy Entropy { get; init; }
}

namespace FastLog.Simulator;

/// <summary>What a history holds the log to.</summary>
public sealed class HistoryOptions
{
    /// <summary>
    /// True where the client retries by itself without idempotence: a value at several offsets is counted and is no violation.
    /// </summary>
    public bool DuplicatesAllowed { get; init; }

    /// <summary>True holds the log to each producer's order in each partition.</summary>
    public bool OrderKept { get; init; } = true;
}

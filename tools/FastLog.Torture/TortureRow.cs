namespace FastLog.Torture;

/// <summary>How much of each row is run.</summary>
public enum TortureTier
{
    Ci,
    Full,
    Extended,
}

/// <summary>How a row ended.</summary>
public enum TortureOutcome
{
    Passed,
    Failed,
    Skipped,
}

/// <summary>What a row did and found.</summary>
/// <param name="Name">The row's name.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Seed">Repeats its choices.</param>
/// <param name="Summary">Figures in one line; the reason when it was skipped.</param>
/// <param name="Violations">What was found wrong; empty when it passed.</param>
public sealed record TortureResult(
    string Name, TortureOutcome Outcome, ulong Seed, string Summary, IReadOnlyList<string> Violations)
{
    public TortureFigures Figures { get; init; } = TortureFigures.None;

    /// <summary>How long it ran.</summary>
    public TimeSpan Duration { get; init; }
}

/// <summary>What a row is given.</summary>
public sealed record TortureContext
{
    /// <summary>The fastlog program that is tortured.</summary>
    public required string Program { get; init; }

    /// <summary>An empty directory of the row's own, on the file system under test.</summary>
    public required string WorkDirectory { get; init; }

    public required ulong Seed { get; init; }

    public required TortureTier Tier { get; init; }

    /// <summary>Rounds asked for; null: the tier's own number.</summary>
    public int? Rounds { get; init; }

    /// <summary>For rows that fill a log: how much of it; null: the tier's own size.</summary>
    public long? Bytes { get; init; }

    /// <summary>For rows that are about many partitions: how many; null: the tier's own number.</summary>
    public int? Partitions { get; init; }

    /// <summary>Told of progress, a line each.</summary>
    public required Action<string> Tell { get; init; }
}

/// <summary>One way of breaking a broker, with the check that nothing was lost.</summary>
public interface ITortureRow
{
    string Name { get; }

    /// <summary>One sentence.</summary>
    string Description { get; }

    /// <summary>
    /// Why this machine cannot run the row (a tool or a right is missing), known before it runs; null when it can. Such a row
    /// counts as skipped.
    /// </summary>
    string? Missing(TortureContext context) => null;

    Task<TortureResult> RunAsync(TortureContext context, CancellationToken cancellationToken);
}

namespace FastLog.Torture;

/// <summary>What a row counted. Sums of rows are what a run is judged by.</summary>
public sealed record TortureFigures
{
    public static readonly TortureFigures None = new();

    /// <summary>Moments at which a crash was tried, in the simulated disk too.</summary>
    public long Points { get; init; }

    /// <summary>Real power cuts of a mounted file system.</summary>
    public long Cuts { get; init; }

    /// <summary>Processes killed.</summary>
    public long Kills { get; init; }

    /// <summary>Errors and delays injected into system calls, and changes of the clock.</summary>
    public long Faults { get; init; }

    public long Acknowledged { get; init; }

    /// <summary>Sends whose end is not known: their records may be there or not.</summary>
    public long Unknown { get; init; }

    public long Read { get; init; }

    /// <summary>Acknowledged records that were missing.</summary>
    public long Lost { get; init; }

    public long Duplicates { get; init; }

    /// <summary>The longest time from the start of a process after a crash until it served every partition.</summary>
    public TimeSpan WorstRecovery { get; init; }

    public static TortureFigures operator +(TortureFigures left, TortureFigures right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        return new TortureFigures
        {
            Points = left.Points + right.Points,
            Cuts = left.Cuts + right.Cuts,
            Kills = left.Kills + right.Kills,
            Faults = left.Faults + right.Faults,
            Acknowledged = left.Acknowledged + right.Acknowledged,
            Unknown = left.Unknown + right.Unknown,
            Read = left.Read + right.Read,
            Lost = left.Lost + right.Lost,
            Duplicates = left.Duplicates + right.Duplicates,
            WorstRecovery = left.WorstRecovery > right.WorstRecovery ? left.WorstRecovery : right.WorstRecovery,
        };
    }

    public static TortureFigures Add(TortureFigures left, TortureFigures right) => left + right;
}

namespace FastLog.Cli.CommandLine;

/// <summary>What a command answers to its caller.</summary>
internal static class ExitCode
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int Usage = 2;

    /// <summary>No server reachable, or it did not answer in time.</summary>
    public const int NoServer = 3;
}

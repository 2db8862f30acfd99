namespace FastLog.Cli.CommandLine;

/// <summary>The operation ends here: one line for standard error (what, why, how to fix it) and the exit code.</summary>
internal sealed class CliException(int exitCode, string message, Exception? inner = null) : Exception(message, inner)
{
    public int ExitCode { get; } = exitCode;

    public static CliException Failed(string message) => new(CommandLine.ExitCode.Failed, message);

    public static CliException Usage(string message) => new(CommandLine.ExitCode.Usage, message);
}

using System.CommandLine;
using FastLog.Cli.CommandLine;
using FastLog.Storage.Disk;
using FastLog.Storage.Inspection;

namespace FastLog.Cli.Commands;

/// <summary><c>fastlog log</c>: looks into segment files, of a stopped broker or beside a running one, and repairs those of a stopped one.</summary>
internal static class LogCommand
{
    public static Command Create() =>
        CommandBuilder.Create("log", "Verify, show and repair segment files", "fastlog log verify /var/lib/fastlog")
            .With(LogVerifyCommand.Create(), LogDumpCommand.Create(), LogRepairCommand.Create());

    /// <summary>The partitions that a path leads to.</summary>
    /// <exception cref="CliException">It leads to none.</exception>
    public static (LogInspection Inspection, IReadOnlyList<InspectedPartition> Partitions) Open(string path)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        var inspection = new LogInspection(new OsDisk());
        if (!Path.Exists(full))
            throw CliException.Failed($"'{path}' does not exist; name a data, topic or partition directory, or one .log file");
        IReadOnlyList<InspectedPartition> partitions = inspection.Find(full);
        if (partitions.Count == 0 && !inspection.IsDataDirectory(full))
            throw CliException.Failed($"'{path}' holds no partition; name a data, topic or partition directory, or one .log file");
        return (inspection, partitions);
    }
}

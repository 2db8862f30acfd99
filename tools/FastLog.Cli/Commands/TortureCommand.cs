using System.CommandLine;
using FastLog.Cli.CommandLine;
using FastLog.Primitives;
using FastLog.Torture;

namespace FastLog.Cli.Commands;

/// <summary><c>fastlog torture</c>: breaks real brokers and checks that nothing acknowledged is lost.</summary>
internal static class TortureCommand
{
    public static Command Create()
    {
        var directory = new Option<string?>("--dir") { Description = "Work on this file system (default: the temporary directory)", HelpName = "D" };
        var seed = new Option<ulong?>("--seed") { Description = "Repeats the random choices (default: a new one, printed)", HelpName = "S" };
        Option<long?> rounds = CommonOptions.Number("--rounds", "Rounds of each row (default: the tier's)", 1, 1_000_000);
        Option<long> size = CommonOptions.Size("--size", "Bytes of log in the rows that fill one; 0: the tier's", 0);
        Option<long?> partitions = CommonOptions.Number("--partitions", "Partitions in the rows about many (default: the tier's)", 1, 100_000);
        Option<string> tier = CommonOptions.Choice("--tier", "How much is run", "ci", "ci", "full", "long");
        var only = new Option<string?>("--only") { Description = "Run this row only", HelpName = "NAME" };
        only.CompletionSources.Add(TortureSuite.Rows.Select(row => row.Name).ToArray());
        var list = new Option<bool>("--list") { Description = "Print the rows, and why this machine cannot run some, and end" };
        Option<bool> json = CommonOptions.Json();
        return CommandBuilder.Create("torture", "Kill real brokers at random moments and check that nothing acknowledged is lost",
                "fastlog torture --seed 1 --only kill9-storm --rounds 300", "fastlog torture --dir /mnt/disk --tier full",
                "fastlog torture --list")
            .With(directory, seed, rounds, size, partitions, tier, only, list, json)
            .Does(async (result, token) =>
            {
                ITortureRow[] rows = Rows(result.GetValue(only));
                var context = new TortureContext
                {
                    Program = Environment.ProcessPath ?? throw CliException.Failed("this program's own path is not known"),
                    WorkDirectory = Path.GetFullPath(result.GetValue(directory) ?? Path.GetTempPath()),
                    Seed = result.GetValue(seed) ?? SystemEntropy.Instance.NextUInt64() >> 32,
                    Tier = Tier(result.GetRequiredValue(tier)),
                    Rounds = (int?)result.GetValue(rounds),
                    Bytes = result.GetValue(size) is > 0 and long bytes ? bytes : null,
                    Partitions = (int?)result.GetValue(partitions),
                    Tell = Console.Error.WriteLine,
                };
                if (result.GetValue(list))
                {
                    TortureReport.WriteList(rows, context, result.GetValue(json));
                    return ExitCode.Done;
                }

                string work = TortureSuite.CreateWorkDirectory(context.WorkDirectory);
                Console.Error.WriteLine($"seed {context.Seed}, directory {work}");
                IReadOnlyList<TortureResult> results = await TortureSuite.RunAsync(rows, context, work, token);
                TortureReport.Write(results, work, result.GetValue(json));
                if (results.Any(row => row.Outcome == TortureOutcome.Failed))
                    return ExitCode.Failed;
                Directory.Delete(work, recursive: true);
                return ExitCode.Done;
            });
    }

    private static ITortureRow[] Rows(string? only)
    {
        if (only is null)
            return [.. TortureSuite.Rows];
        ITortureRow? row = TortureSuite.Rows.FirstOrDefault(known => known.Name == only);
        string[] names = [.. TortureSuite.Rows.Select(known => known.Name)];
        return row is not null
            ? [row]
            : throw CliException.Usage($"--only '{only}' is no row{Suggestion.Phrase(only, names)}; rows: {string.Join(", ", names)}");
    }

    private static TortureTier Tier(string text) => text switch
    {
        "full" => TortureTier.Full,
        "long" => TortureTier.Extended,
        _ => TortureTier.Ci,
    };
}

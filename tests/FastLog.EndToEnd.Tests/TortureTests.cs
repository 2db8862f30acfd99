using FastLog.Torture;
using Xunit.Abstractions;

namespace FastLog.EndToEnd.Tests;

/// <summary>The crash harness's rows, a share of each; every row is one test.</summary>
public sealed class TortureTests(ITestOutputHelper output)
{
    private const ulong Seed = 20261121;

    public static TheoryData<string> Rows => [.. TortureSuite.Rows.Select(row => row.Name)];

    [TortureRowTheory]
    [MemberData(nameof(Rows))]
    public async Task Nothing_acknowledged_is_lost(string row)
    {
        string directory = TortureSuite.CreateWorkDirectory(Path.GetTempPath());
        ITortureRow[] rows = [TortureSuite.Rows.Single(known => known.Name == row)];
        IReadOnlyList<TortureResult> results = await TortureSuite.RunAsync(rows, Context(directory), directory, CancellationToken.None);
        TortureResult result = Assert.Single(results);
        output.WriteLine($"seed {Seed}: {result.Summary}");
        Assert.True(
            result.Outcome == TortureOutcome.Passed,
            $"seed {Seed}: {result.Summary}\n{string.Join('\n', result.Violations)}\nkept in {directory}");
        if (!Directory.EnumerateFileSystemEntries(directory).Any())
            Directory.Delete(directory);
    }

    internal static TortureContext Context(string directory) => new()
    {
        Program = Fastlog.Program,
        WorkDirectory = directory,
        Seed = Seed,
        Tier = TortureTier.Ci,
        Tell = _ => { },
    };
}

using FastLog.Torture;

namespace FastLog.EndToEnd.Tests;

/// <summary>The crash harness's rows, a share of each; every row is one test.</summary>
public sealed class TortureTests
{
    [Fact]
    public async Task Kill9_storm_loses_nothing_that_was_acknowledged()
    {
        const ulong seed = 20261121;
        string directory = Directory.CreateTempSubdirectory("fastlog-torture-").FullName;
        var lines = new List<string>();
        var context = new TortureContext
        {
            Program = Fastlog.Program,
            WorkDirectory = directory,
            Seed = seed,
            Tier = TortureTier.Ci,
            Tell = lines.Add,
        };
        TortureResult result = await new Kill9Storm().RunAsync(context, CancellationToken.None);
        Assert.True(
            result.Outcome == TortureOutcome.Passed,
            $"seed {seed}: {result.Summary}\n{string.Join('\n', result.Violations)}\nkept in {directory}");
        Directory.Delete(directory, recursive: true);
    }
}

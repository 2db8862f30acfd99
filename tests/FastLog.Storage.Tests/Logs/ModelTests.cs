using FastLog.Simulation.Tests;
using Xunit.Abstractions;

namespace FastLog.Storage.Tests.Logs;

/// <summary>
/// Random appends, rolls, truncations, trims, flushes, retention, restarts and crashes against a list in memory. Timestamps jump
/// in both directions; batches of an idempotent producer are sent again.
/// </summary>
public class ModelTests(ITestOutputHelper output)
{
    private const int CasesInCi = 2_000;
    private const int StepsMax = 40;

    [Fact]
    public void The_log_behaves_as_a_list_whatever_happens_to_it()
    {
        var counts = new SortedDictionary<string, long>(StringComparer.Ordinal);
        int cases = 0;
        foreach (ulong seed in Seeds.Take(CasesInCi))
        {
            RunCase(seed, (int)(seed % StepsMax) + 1, counts);
            cases++;
        }

        foreach ((string what, long count) in counts)
            output.WriteLine($"{what}: {count}");
        if (cases < CasesInCi)
            return;
        string[] mustHappen =
        [
            "cut at Write", "cut at Flush", "cut at FlushDirectory", "cut at DeleteFile", "starts with less", "starts moved",
            "starts moved by retention", "suffixes dropped", "truncations refused", "appends held by a truncation",
            "duplicates", "duplicates of deleted batches",
        ];
        Assert.All(mustHappen, name => Assert.True(counts.ContainsKey(name), $"no seed came to '{name}'"));
    }

    /// <summary>Few, but with many segments and index entries.</summary>
    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    public void A_long_life_of_a_log_is_as_the_short_ones(ulong seed) =>
        RunCase(seed, 600, new SortedDictionary<string, long>(StringComparer.Ordinal));

    private void RunCase(ulong seed, int steps, SortedDictionary<string, long> counts)
    {
        var model = new LogModel(seed, counts);
        try
        {
            model.Run(steps);
        }
        catch (Exception)
        {
            output.WriteLine($"FASTLOG_SEED={seed}: {model}");
            throw;
        }
    }
}

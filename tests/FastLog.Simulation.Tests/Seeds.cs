using System.Globalization;

namespace FastLog.Simulation.Tests;

/// <summary>
/// The seeds of a test: a few in CI; <c>FASTLOG_SEED</c> runs one, <c>FASTLOG_SEEDS</c> (a count) a longer swarm.
/// </summary>
internal static class Seeds
{
    public static IEnumerable<ulong> Take(int count)
    {
        if (Number("FASTLOG_SEED") is { } one)
            return [one];
        ulong total = Number("FASTLOG_SEEDS") ?? (ulong)count;
        return Enumerable.Range(1, (int)total).Select(seed => (ulong)seed);
    }

    private static ulong? Number(string name) =>
        ulong.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out ulong value) ? value : null;
}

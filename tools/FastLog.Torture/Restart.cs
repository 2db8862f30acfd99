using System.Globalization;
using FastLog.Protocol.Messages;

namespace FastLog.Torture;

/// <summary>
/// kill -9 of a broker with a large log while producers fill it, then a start with a cold page cache: how soon a named partition
/// takes and gives records, how soon all do, and that only what was not flushed is read. Once with each kind of flush.
/// </summary>
public sealed class Restart : ITortureRow
{
    /// <summary>Of a first produce and fetch, and of the whole log. On a machine that does nothing else.</summary>
    private static readonly TimeSpan FirstMax = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan WholeMax = TimeSpan.FromSeconds(3);

    public string Name => "restart";

    public string Description => "kill -9 with a large log and a cold start: time to the first records and to all, bytes read at start";

    public async Task<TortureResult> RunAsync(TortureContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        (long bytes, int partitions) = Size(context);
        var wrong = new List<string>();
        var words = new List<string>();
        TortureFigures figures = TortureFigures.None;
        foreach (string flush in (string[])["ack", "os"])
        {
            string data = Path.Combine(context.WorkDirectory, flush);
            var run = new RestartRun(context, data, bytes, partitions, flush);
            RestartFigures found = await run.RunAsync(cancellationToken);
            words.Add($"flush={flush}: {found}");
            context.Tell(words[^1]);
            wrong.AddRange(found.Wrong.Select(line => $"flush={flush}: {line}"));
            wrong.AddRange(Late(context.Tier, found).Select(line => $"flush={flush}: {line}"));
            figures += run.Counts;
            Directory.Delete(data, recursive: true);
        }

        string size = string.Create(CultureInfo.InvariantCulture, $"{bytes >> 20} MiB in {partitions} partitions");
        return new TortureResult(
            Name,
            wrong.Count == 0 ? TortureOutcome.Passed : TortureOutcome.Failed,
            context.Seed,
            $"{size}; {string.Join("; ", words)}; lost {figures.Lost}, violations {wrong.Count}",
            wrong)
        {
            Figures = figures,
        };
    }

    private static (long Bytes, int Partitions) Size(TortureContext context)
    {
        (long bytes, int partitions) = context.Tier == TortureTier.Ci ? (128L << 20, 4) : (10L << 30, 100);
        return (context.Bytes ?? bytes, context.Partitions ?? partitions);
    }

    /// <summary>In ci other tests run beside it: there the times are told, not judged.</summary>
    private static IEnumerable<string> Late(TortureTier tier, RestartFigures found)
    {
        if (tier == TortureTier.Ci)
            yield break;
        if (found.FirstProduce > FirstMax)
            yield return $"the first produce ended after {found.FirstProduce.TotalSeconds:0.00} s";
        if (found.FirstFetch > FirstMax)
            yield return $"the first fetch ended after {found.FirstFetch.TotalSeconds:0.00} s";
        if (found.Whole > WholeMax)
            yield return $"all was served after {found.Whole.TotalSeconds:0.00} s";
    }

    internal static ConfigEntry[] Settings(string flush) => [new("flush", flush)];
}

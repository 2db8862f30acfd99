namespace FastLog.Torture;

/// <summary>The rows of the crash-recovery harness and their running.</summary>
public static class TortureSuite
{
    public static IReadOnlyList<ITortureRow> Rows { get; } = [new Kill9Storm()];

    /// <summary>Runs rows one after the other, each in an empty directory of its own below <paramref name="directory"/>.</summary>
    public static async Task<IReadOnlyList<TortureResult>> RunAsync(
        IEnumerable<ITortureRow> rows, TortureContext context, string directory, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(context);
        var results = new List<TortureResult>();
        foreach (ITortureRow row in rows)
        {
            string work = Path.Combine(directory, $"{row.Name}-{context.Seed}");
            Directory.CreateDirectory(work);
            TortureResult result = await row.RunAsync(context with { WorkDirectory = work }, cancellationToken);
            results.Add(result);

            // What a failed row left behind is what explains it.
            if (result.Outcome != TortureOutcome.Failed)
                Directory.Delete(work, recursive: true);
        }

        return results;
    }
}

using System.Diagnostics;
using System.Globalization;
using FastLog.Torture.CrashPoints;

namespace FastLog.Torture;

/// <summary>The rows of the crash-recovery harness and their running.</summary>
public static class TortureSuite
{
    private const string WorkPrefix = "fastlog-torture-";

    public static IReadOnlyList<ITortureRow> Rows { get; } =
    [
        CrashPointRow.AllSubsets,
        CrashPointRow.NamesOnly,
        new Kill9Storm(),
        PowerCutStorm.OnExt4,
        PowerCutStorm.OnXfs,
        new DiskFull(),
        new KillAtSyscall(),
        new SyscallFaults(),
        new FailingFlush(),
        new SlowDisk(),
        new IdempotentRetry(),
        new ClockChaos(),
        new BitflipSweep(),
        new FileFuzz(),
        new Restart(),
        new TornTail(),
        new MetadataDamage(),
        new IndexHavoc(),
        new ReadErrors(),
        new Scale(),
    ];

    /// <summary>
    /// Makes the directory of this process below <paramref name="parent"/>, and unmounts what a run that was killed left
    /// mounted there.
    /// </summary>
    public static string CreateWorkDirectory(string parent)
    {
        ArgumentNullException.ThrowIfNull(parent);
        parent = Path.GetFullPath(parent);
        Directory.CreateDirectory(parent);
        foreach (string left in Directory.GetDirectories(parent, WorkPrefix + "*"))
        {
            if (int.TryParse(Path.GetFileName(left)[WorkPrefix.Length..], CultureInfo.InvariantCulture, out int process)
                && process != Environment.ProcessId && !Directory.Exists($"/proc/{process}"))
            {
                LoopDisk.UnmountBelow(left);
            }
        }

        return Directory.CreateDirectory(Path.Combine(parent, WorkPrefix + Environment.ProcessId)).FullName;
    }

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
            context.Tell($"{row.Name}: {row.Description}");
            TortureResult result = await RunRowAsync(row, context with { WorkDirectory = work }, cancellationToken);
            results.Add(result);

            // What a failed row left behind is what explains it.
            if (result.Outcome != TortureOutcome.Failed)
                Directory.Delete(work, recursive: true);
        }

        return results;
    }

    /// <summary>The longest that a row may take: a run ends, also where something hangs.</summary>
    private static TimeSpan TimeMax(TortureTier tier) => tier switch
    {
        TortureTier.Ci => TimeSpan.FromMinutes(10),
        TortureTier.Full => TimeSpan.FromHours(1),
        _ => TimeSpan.FromDays(2),
    };

    private static async Task<TortureResult> RunRowAsync(
        ITortureRow row, TortureContext context, CancellationToken cancellationToken)
    {
        if (row.Missing(context) is { } missing)
            return new TortureResult(row.Name, TortureOutcome.Skipped, context.Seed, missing, []);
        long began = Stopwatch.GetTimestamp();
        using var time = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        time.CancelAfter(TimeMax(context.Tier));
        try
        {
            TortureResult result = await row.RunAsync(context, time.Token);
            return result with { Duration = Stopwatch.GetElapsedTime(began) };
        }
        catch (OperationCanceledException) when (time.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            string late = $"not done within {TimeMax(context.Tier).TotalMinutes} minutes";
            return new TortureResult(row.Name, TortureOutcome.Failed, context.Seed, late, [late])
            {
                Duration = Stopwatch.GetElapsedTime(began),
            };
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            // A row that breaks off has proved nothing, and the others still run.
            return new TortureResult(row.Name, TortureOutcome.Failed, context.Seed, "broke off", [failure.ToString()])
            {
                Duration = Stopwatch.GetElapsedTime(began),
            };
        }
    }
}

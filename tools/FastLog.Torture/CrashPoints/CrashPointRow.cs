using System.Collections.Concurrent;
using FastLog.Primitives;
using FastLog.Simulator;
using FastLog.Storage;
using FastLog.Storage.Disk;

namespace FastLog.Torture.CrashPoints;

/// <summary>
/// Short sequences of operations of the storage engine on a simulated disk, all of them in order of length: at every operation
/// of the disk the power is cut with every outcome of what was pending, up to a bound, and each outcome must recover with all
/// that was acknowledged. In a share of them the recovery is cut too.
/// </summary>
public sealed class CrashPointRow : ITortureRow
{
    private const int LettersMax = 4;

    // A trim, then the log goes on; retention, and freed files are used again; a producer outlives rolls, a trim and a start;
    // a compaction, another one after it, a start after it.
    private static readonly string[] Far = ["fxf", "fmf", "fmff", "ifki", "ifxi", "ym", "ymym", "ymk"];

    private readonly bool _namesOnly;

    private CrashPointRow(string name, string description, bool namesOnly)
    {
        Name = name;
        Description = description;
        _namesOnly = namesOnly;
    }

    public static CrashPointRow AllSubsets { get; } = new(
        "crash-at-each-syscall",
        "the power is cut before each disk operation of short sequences, with all outcomes of what was not flushed (simulated disk)",
        namesOnly: false);

    public static CrashPointRow NamesOnly { get; } = new(
        "lost-dir-entry",
        "files that were made, renamed and deleted without a directory flush come and go at a power cut (simulated disk)",
        namesOnly: true);

    public string Name { get; }

    public string Description { get; }

    public async Task<TortureResult> RunAsync(TortureContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        (int sequences, int states) = context.Tier switch
        {
            TortureTier.Ci => (36, 8),
            TortureTier.Full => (2_000, _namesOnly ? 4_096 : 64),
            _ => (int.MaxValue, 4_096),
        };
        string[] letters = [.. Sequences(new Prng(context.Seed)).Take(context.Rounds ?? sequences)];
        var sum = new Sum();
        int next = -1;
        int workers = context.Tier == TortureTier.Ci ? 1 : Environment.ProcessorCount;
        await Task.WhenAll(Enumerable.Range(0, workers).Select(_ => Task.Run(
            () =>
            {
                for (int i; (i = Interlocked.Increment(ref next)) < letters.Length && sum.Violations.IsEmpty;)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    new Explorer(letters[i], _namesOnly, states, new Prng(context.Seed + (ulong)i), sum).Run(cancellationToken);
                    if (i % 100 == 0)
                        context.Tell($"sequence {i} of {letters.Length}: {sum.Points} points, {sum.States} states, violations {sum.Violations.Count}");
                }
            },
            cancellationToken)));
        return Result(context, Math.Min(next, letters.Length), states, sum);
    }

    private TortureResult Result(TortureContext context, int sequences, int states, Sum sum)
    {
        string[] violations = [.. sum.Violations.Take(50)];
        if (sum.Acknowledged == 0)
            violations = [.. violations, "nothing was acknowledged: this proves nothing"];
        string summary = FormattableString.Invariant(
            $"{sequences} sequences, {sum.Points} crash points ({sum.Complete} with every subset, else {states}), {sum.States} outcomes, {sum.Recoveries} different ones recovered, {sum.CutRecoveries} with a second cut; {sum.Acknowledged} acknowledged, {sum.Read} read; violations {sum.Violations.Count}");
        return new TortureResult(
            Name, violations.Length == 0 ? TortureOutcome.Passed : TortureOutcome.Failed, context.Seed, summary, violations)
        {
            Figures = new TortureFigures
            {
                Points = sum.Points,
                Acknowledged = sum.Acknowledged,
                Read = sum.Read,
                Lost = sum.Violations.Count(violation => violation.Contains("LOST", StringComparison.Ordinal)),
            },
        };
    }

    /// <summary>
    /// The setting up alone, some that reach far, all of one and two letters; then those of three and of four in turn, in a
    /// seeded order.
    /// </summary>
    private static IEnumerable<string> Sequences(Prng random)
    {
        List<string[]> levels = [[""]];
        for (int length = 1; length <= LettersMax; length++)
            levels.Add([.. levels[^1].SelectMany(prefix => CrashSequence.Alphabet.Select(letter => prefix + letter))]);
        string[] threes = Shuffled(levels[3], random);
        string[] fours = Shuffled(levels[4], random);
        IEnumerable<string> longest = fours.SelectMany((four, i) => i < threes.Length ? [threes[i], four] : (string[])[four]);
        return levels[0].Concat(Far).Concat(levels[1]).Concat(Shuffled(levels[2], random)).Concat(longest).Distinct();
    }

    private static string[] Shuffled(string[] sequences, Prng random)
    {
        string[] shuffled = [.. sequences];
        for (int i = shuffled.Length - 1; i > 0; i--)
        {
            int k = (int)random.Next(i + 1);
            (shuffled[i], shuffled[k]) = (shuffled[k], shuffled[i]);
        }

        return shuffled;
    }

    /// <summary>What all workers found. Thread-safe.</summary>
    private sealed class Sum
    {
        public long Points;
        public long Complete;
        public long States;
        public long Recoveries;
        public long CutRecoveries;
        public long Acknowledged;
        public long Read;

        public ConcurrentQueue<string> Violations { get; } = [];
    }

    /// <summary>One sequence. What was recovered once from the same bytes is not recovered again. One thread.</summary>
    private sealed class Explorer(string letters, bool namesOnly, int statesMax, Prng random, Sum sum)
    {
        private const int CutRecoveryEvery = 8;
        private const int CutWithin = 25;

        private readonly Dictionary<string, List<CrashRecovery>> _known = new(StringComparer.Ordinal);
        private CrashModel? _last;

        public void Run(CancellationToken cancellationToken)
        {
            try
            {
                new CrashSequence(letters, (disk, model, point) => AtPoint(disk, model, point, cancellationToken)).Run();
            }
            catch (Exception failure) when (failure is SimulationException or StorageException or DiskException or InvariantViolationException)
            {
                sum.Violations.Enqueue($"'{letters}': {failure.Message}");
            }

            Interlocked.Add(ref sum.Acknowledged, _last?.Ids.Sum(id => _last[id].Acknowledged) ?? 0);
        }

        private void AtPoint(SimulatedDisk disk, CrashModel model, string point, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref sum.Points);
            int free = disk.PendingChanges().Count(change => !namesOnly || change.Kind == PendingKind.Directory);
            if (CrashStates.AreComplete(free, statesMax))
                Interlocked.Increment(ref sum.Complete);
            CrashModel known = _last = model.Copy();
            foreach (SimulatedDisk state in CrashStates.Of(disk, namesOnly, statesMax, random))
            {
                cancellationToken.ThrowIfCancellationRequested();
                Interlocked.Increment(ref sum.States);
                foreach (CrashRecovery found in Recover(state, point))
                    foreach (string wrong in known.Compare(found))
                        sum.Violations.Enqueue($"'{letters}' {point}: {wrong}");
            }
        }

        private List<CrashRecovery> Recover(SimulatedDisk state, string point)
        {
            string hash = state.ContentHash();
            if (_known.TryGetValue(hash, out List<CrashRecovery>? known))
                return known;
            _known[hash] = known = [];
            SimulatedDisk? second = Interlocked.Increment(ref sum.Recoveries) % CutRecoveryEvery == 0 ? state.Clone(seed: 1) : null;
            Try(state, known, point);
            if (second is not null)
            {
                CrashRecovery.RunAndCut(second, random.Next(1, CutWithin), random);
                Interlocked.Increment(ref sum.CutRecoveries);
                Try(second, known, point + ", cut again in recovery");
            }

            return known;
        }

        private void Try(SimulatedDisk state, List<CrashRecovery> known, string point)
        {
            try
            {
                CrashRecovery found = CrashRecovery.Run(state);
                Interlocked.Add(ref sum.Read, found.Partitions.Values.Sum(partition => (long)partition.Records.Count));
                known.Add(found);
            }
            catch (Exception failure) when (failure is SimulationException or StorageException or DiskException or InvariantViolationException)
            {
                sum.Violations.Enqueue($"'{letters}' {point}: it does not start: {failure.Message}");
            }
        }
    }
}

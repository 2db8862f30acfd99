using FastLog.Primitives;

namespace FastLog.Simulator;

/// <summary>
/// Which operations of a simulated disk fail: by script ("the third flush of a path that ends so") or by a seeded chance.
/// A failed write leaves a seeded part of itself; a failed flush leaves its pages marked clean: later flushes end well, and
/// the bytes are gone at a power cut. Guarded by the disk.
/// </summary>
public sealed class DiskFaults
{
    private readonly List<Rule> _rules = [];
    private readonly SortedDictionary<DiskOperation, (double Chance, int ErrorNumber)> _chances = [];
    private readonly SortedDictionary<DiskOperation, long> _hits = [];
    private readonly Prng _random;

    internal DiskFaults(Prng random)
    {
        _random = random;
    }

    /// <summary>How many operations of each kind were made to fail.</summary>
    public IReadOnlyDictionary<DiskOperation, long> Hits => _hits;

    /// <summary>Makes matching operations fail.</summary>
    /// <param name="operation">Their kind.</param>
    /// <param name="errorNumber">errno they fail with: <see cref="DiskErrors"/>.</param>
    /// <param name="skip">How many matching ones succeed before.</param>
    /// <param name="times">How many fail then.</param>
    /// <param name="pathEnd">The end of the paths that match; empty for all.</param>
    public void Fail(DiskOperation operation, int errorNumber, int skip = 0, int times = 1, string pathEnd = "") =>
        _rules.Add(new Rule(operation, errorNumber, pathEnd) { Skip = skip, Times = times });

    /// <summary>From now on each operation of the kind fails with this probability, 0 to 1.</summary>
    public void FailByChance(DiskOperation operation, int errorNumber, double chance) =>
        _chances[operation] = (chance, errorNumber);

    /// <summary>From now on nothing fails.</summary>
    public void Clear()
    {
        _rules.Clear();
        _chances.Clear();
    }

    /// <summary>The error number the operation fails with, or 0.</summary>
    internal int Draw(DiskOperation operation, string path)
    {
        int error = DrawRule(operation, path);
        if (error == 0 && _chances.TryGetValue(operation, out (double Chance, int ErrorNumber) chance))
            error = _random.Chance(chance.Chance) ? chance.ErrorNumber : 0;
        if (error != 0)
            _hits[operation] = _hits.GetValueOrDefault(operation) + 1;
        return error;
    }

    private int DrawRule(DiskOperation operation, string path)
    {
        foreach (Rule rule in _rules)
        {
            if (rule.Operation != operation || !path.EndsWith(rule.PathEnd, StringComparison.Ordinal))
                continue;
            if (rule.Skip > 0)
            {
                rule.Skip--;
                continue;
            }

            if (--rule.Times == 0)
                _rules.Remove(rule);
            return rule.ErrorNumber;
        }

        return 0;
    }

    private sealed record Rule(DiskOperation Operation, int ErrorNumber, string PathEnd)
    {
        public int Skip { get; set; }

        public int Times { get; set; }
    }
}

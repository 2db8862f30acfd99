namespace FastLog.Simulation.Tests;

/// <summary>How often each thing happened over all seeds of a test: a fault that was never hit proves nothing.</summary>
internal sealed class RunCounters
{
    private readonly SortedDictionary<string, long> _counts = new(StringComparer.Ordinal);

    public long this[string name] => _counts.GetValueOrDefault(name);

    public void Add(string name, long count = 1) => _counts[name] = this[name] + count;

    public override string ToString() => string.Join(Environment.NewLine, _counts.Select(entry => $"{entry.Key}: {entry.Value}"));
}

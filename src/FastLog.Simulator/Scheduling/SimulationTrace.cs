namespace FastLog.Simulator;

/// <summary>One thing that happened in a run.</summary>
/// <param name="Nanoseconds">Virtual time.</param>
/// <param name="Label">What kind of thing.</param>
/// <param name="First">A detail, by label.</param>
/// <param name="Second">Another detail, by label.</param>
public readonly record struct TraceEntry(long Nanoseconds, string Label, long First, long Second)
{
    public override string ToString() => $"{Nanoseconds / 1000.0:F3} us {Label} {First} {Second}";
}

/// <summary>
/// The hash over everything that happened in a run: two runs of one seed must end with the same one. Keeps the last
/// entries for the text of a failure, or all when asked. One thread.
/// </summary>
public sealed class SimulationTrace
{
    private const int RecentMax = 64;
    private const ulong HashStart = 0xCBF29CE484222325;
    private const ulong HashFactor = 0x100000001B3;

    private readonly Queue<TraceEntry> _entries = new();

    /// <summary>True keeps every entry, to find where two runs part; false keeps the last few.</summary>
    public bool KeepAll { get; set; }

    public ulong Hash { get; private set; } = HashStart;

    public long Count { get; private set; }

    /// <summary>The entries that were kept, oldest first.</summary>
    public IReadOnlyCollection<TraceEntry> Entries => _entries;

    public void Add(long nanoseconds, string label, long first, long second)
    {
        ArgumentNullException.ThrowIfNull(label);
        ulong hash = Mix(TraceText.Append(Hash, label), (ulong)nanoseconds);
        hash = Mix(hash, (ulong)first);
        Hash = Mix(hash, (ulong)second);
        Count++;
        _entries.Enqueue(new TraceEntry(nanoseconds, label, first, second));
        if (!KeepAll && _entries.Count > RecentMax)
            _entries.Dequeue();
    }

    private static ulong Mix(ulong hash, ulong value)
    {
        ulong mixed = (hash ^ value) * HashFactor;
        return mixed ^ (mixed >> 29);
    }
}

namespace FastLog.Storage.Flushing;

/// <summary>Bounds of group commit in one data directory.</summary>
public sealed record FlushOptions
{
    /// <summary>Flushes of partition files that may run at once, 1 to 64.</summary>
    public int Lanes { get; init; } = 4;

    /// <summary>With <see cref="FlushMode.Os"/> and <see cref="FlushMode.Interval"/>: a flush starts above this many bytes.</summary>
    public long UnflushedBytesMax { get; init; } = 512L << 20;

    /// <summary>With <see cref="FlushMode.Os"/>: the longest time between a write and the start of its flush.</summary>
    public TimeSpan UnflushedAgeMax { get; init; } = TimeSpan.FromSeconds(60);
}

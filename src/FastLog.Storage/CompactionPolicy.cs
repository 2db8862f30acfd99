namespace FastLog.Storage;

/// <summary>How a log is compacted: of each key the last record stays, and the others go some time after it came.</summary>
public sealed record CompactionPolicy
{
    /// <summary>How long a tombstone stays after the first pass that met it: the time that a reader from the start has to see it.</summary>
    public TimeSpan TombstoneRetention { get; init; } = TimeSpan.FromDays(1);

    /// <summary>A segment stays as it is this long after its last append.</summary>
    public TimeSpan LagMin { get; init; } = TimeSpan.Zero;

    /// <summary>
    /// A record is compacted at most about this long after its append, also in a segment that is not full and in a log
    /// that is not dirty enough.
    /// </summary>
    public TimeSpan LagMax { get; init; } = TimeSpan.MaxValue;

    /// <summary>Which part of the log, by bytes, must be new since the last pass before the next one begins; 0 to 1.</summary>
    public double DirtyRatioMin { get; init; } = 0.5;

    /// <exception cref="StorageException">A value is outside of its range: the message names it.</exception>
    internal void Check(string path)
    {
        Require(TombstoneRetention >= TimeSpan.Zero, path, $"tombstone retention {TombstoneRetention} is negative");
        Require(LagMin >= TimeSpan.Zero, path, $"compaction lag {LagMin} is negative");
        Require(LagMax >= LagMin, path, $"the largest compaction lag {LagMax} is below the smallest, {LagMin}");
        Require(DirtyRatioMin is >= 0 and <= 1, path, $"dirty ratio {DirtyRatioMin} is not within 0..1");
    }

    private static void Require(bool condition, string path, string message)
    {
        if (!condition)
            throw new StorageException(StorageErrorKind.InvalidArgument, path, message);
    }
}

/// <summary>What the compactions of one data directory may take together.</summary>
public sealed record CompactionOptions
{
    /// <summary>Memory of the key map, in bytes: more keys take more passes.</summary>
    public long MapBytesMax { get; init; } = 64L << 20;

    /// <summary>Bytes read and written a second.</summary>
    public long BytesPerSecondMax { get; init; } = 64L << 20;

    /// <summary>Between two rounds over all logs.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(15);

    /// <exception cref="StorageException">A value is outside of its range: the message names it.</exception>
    internal void Check(string path)
    {
        if (MapBytesMax < StorageLimits.CompactionMapBytesMin)
            throw new StorageException(
                StorageErrorKind.InvalidArgument,
                path,
                $"the key map's {MapBytesMax} bytes are below {StorageLimits.CompactionMapBytesMin}");
        if (BytesPerSecondMax < StorageLimits.CompactionBytesPerSecondMin)
            throw new StorageException(
                StorageErrorKind.InvalidArgument,
                path,
                $"{BytesPerSecondMax} bytes a second are below {StorageLimits.CompactionBytesPerSecondMin}");
        if (Interval <= TimeSpan.Zero)
            throw new StorageException(StorageErrorKind.InvalidArgument, path, $"the interval {Interval} is not positive");
    }
}

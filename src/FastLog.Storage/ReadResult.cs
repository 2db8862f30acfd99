using FastLog.Primitives;

namespace FastLog.Storage;

/// <summary>How a read ended.</summary>
public enum ReadStatus
{
    /// <summary>The region may be empty: nothing at or above the offset below the end.</summary>
    Ok,

    /// <summary>The offset is below the log start or above the end.</summary>
    OutOfRange,

    /// <summary>The bytes at the offset are damaged: the defect says which offsets.</summary>
    Corrupt,

    /// <summary>The log is closed.</summary>
    Closed,

    /// <summary>The system refused (too many open files, say): nothing is known to be damaged, the same read may succeed later.</summary>
    Failed,
}

/// <summary>Whole batches as a leased file region.</summary>
public readonly record struct ReadResult
{
    public ReadStatus Status { get; init; }

    /// <summary>Whole batches, the first holds the offset asked for; the taker releases it.</summary>
    public FileRegion Region { get; init; }

    /// <summary>The offset after the last one in the region (the one asked for when it is empty).</summary>
    public LogOffset NextOffset { get; init; }

    /// <summary>With <see cref="ReadStatus.Corrupt"/>.</summary>
    public LogDefect? Defect { get; init; }

    /// <summary>With <see cref="ReadStatus.Failed"/>: what the system said.</summary>
    public string? Reason { get; init; }
}

/// <summary>The first record at or after a time.</summary>
/// <param name="Offset">Its offset; <see cref="LogOffset.None"/> when there is none.</param>
/// <param name="Timestamp">Its timestamp.</param>
public readonly record struct OffsetLookup(LogOffset Offset, Timestamp Timestamp)
{
    public static readonly OffsetLookup NotFound = new(LogOffset.None, Timestamp.None);

    public bool IsFound => !Offset.IsNone;
}

using FastLog.Primitives;

namespace FastLog.Storage;

/// <summary>What is wrong with bytes that were durable. The names are shown by <c>fastlog log verify</c>.</summary>
public enum LogDefectKind
{
    /// <summary>A segment's header does not check.</summary>
    SegmentHeaderDamaged,

    /// <summary>A segment file of another partition, or under another base offset's name.</summary>
    SegmentForeign,

    /// <summary>Offsets between two segments (or before the first flushed one) are in no file.</summary>
    SegmentMissing,

    /// <summary>A seal record does not check, or does not fit what lies before it.</summary>
    SealDamaged,

    /// <summary>A batch does not check: sizes, magic, fields.</summary>
    BatchDamaged,

    /// <summary>A batch's CRC does not match its bytes.</summary>
    BatchCrcMismatch,

    /// <summary>A batch is well formed but its offset does not continue the one before.</summary>
    OffsetNotContinuous,

    /// <summary>A batch's leader epoch is lower than the one before, or unknown.</summary>
    EpochNotContinuous,

    /// <summary>The chain CRC over the batch headers differs from the recorded one.</summary>
    ChainMismatch,

    /// <summary>The file ends before the recorded end of its data.</summary>
    SegmentTooShort,

    /// <summary>The device could not read the bytes.</summary>
    Unreadable,

    /// <summary>The partition's epoch file does not check.</summary>
    EpochFileDamaged,

    /// <summary>The file with the partition's log start does not check.</summary>
    StartFileDamaged,

    /// <summary>Another small file of the data directory does not check.</summary>
    SmallFileDamaged,

    /// <summary>What was durable in a file of the recovery log does not check.</summary>
    RecoveryLogDamaged,

    /// <summary>An index of a sealed segment is missing, does not check or lies. It is made anew when it is needed.</summary>
    IndexDamaged,

    /// <summary>A snapshot of a partition's producers does not check. The next start takes an older one and walks further.</summary>
    ProducerSnapshotDamaged,

    /// <summary>The file that says how far a log is compacted does not check. The next pass begins at the start.</summary>
    CleanPointDamaged,
}

/// <summary>A run of bytes that is not what was written. Immutable.</summary>
/// <param name="Kind">What is wrong.</param>
/// <param name="File">Path of the file.</param>
/// <param name="Position">First byte concerned.</param>
/// <param name="Length">Bytes concerned; to the end of the segment's data where the next good batch is not known.</param>
/// <param name="FirstOffset">First offset that cannot be read.</param>
/// <param name="LastOffset">Last offset that cannot be read, inclusive; <see cref="LogOffset.None"/> when not known.</param>
/// <param name="Detail">For people.</param>
public sealed record LogDefect(
    LogDefectKind Kind,
    string File,
    FilePosition Position,
    long Length,
    LogOffset FirstOffset,
    LogOffset LastOffset,
    string Detail);

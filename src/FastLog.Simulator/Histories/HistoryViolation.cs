using FastLog.Primitives;

namespace FastLog.Simulator;

/// <summary>What a history can prove against a log.</summary>
public enum HistoryViolationKind
{
    /// <summary>An acknowledged record was not found below the log's end.</summary>
    AcknowledgedMissing,

    /// <summary>An acknowledged record lies above the log's end: the log became shorter.</summary>
    AcknowledgedCut,

    /// <summary>One (partition, offset) showed two values, in reads or acknowledgements.</summary>
    OffsetHasTwoValues,

    /// <summary>A value lies at more offsets than it was sent.</summary>
    Duplicated,

    /// <summary>A record was read whose send definitely failed.</summary>
    FailedWasRead,

    /// <summary>A record was read that nobody sent.</summary>
    NeverSent,

    /// <summary>An offset inside of the log was not read.</summary>
    OffsetGap,

    /// <summary>Two records of one producer lie in one partition in another order than they were sent.</summary>
    OrderBroken,

    /// <summary>A reader saw offsets that do not follow each other.</summary>
    ReaderJumped,

    /// <summary>A record was found in another partition than it was sent to.</summary>
    WrongPartition,

    /// <summary>A read gave an offset outside of the bounds that the log told.</summary>
    OutsideOfLog,
}

/// <summary>One broken promise.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Partition">Where.</param>
/// <param name="Offset">At which offset, or none.</param>
/// <param name="Value">The record's value, 0 where none is meant.</param>
/// <param name="Details">What was expected and what was seen.</param>
public sealed record HistoryViolation(
    HistoryViolationKind Kind, PartitionId Partition, LogOffset Offset, ulong Value, string Details)
{
    public override string ToString() => $"{Kind}: partition {Partition}, offset {Offset}, value {Value}: {Details}";
}

/// <summary>What a check found.</summary>
public sealed class HistoryReport
{
    public required long Sent { get; init; }

    public required long Acknowledged { get; init; }

    public required long Failed { get; init; }

    /// <summary>Sends without a known end: their records may be there or not.</summary>
    public required long Unknown { get; init; }

    /// <summary>Different (partition, offset) pairs that were read.</summary>
    public required long Read { get; init; }

    /// <summary>Values at more than one offset, allowed or not.</summary>
    public required long Duplicates { get; init; }

    /// <summary>All broken promises; the list itself ends at <see cref="HistoryChecker.ViolationsMax"/>.</summary>
    public required long ViolationCount { get; init; }

    public required IReadOnlyList<HistoryViolation> Violations { get; init; }

    public bool Passed => ViolationCount == 0;

    public override string ToString()
    {
        string counts = $"{Sent} sent, {Acknowledged} acknowledged, {Failed} failed, {Unknown} unknown, {Read} read, " +
            $"{Duplicates} duplicates, {ViolationCount} violations";
        return Passed ? counts : counts + Environment.NewLine + string.Join(Environment.NewLine, Violations.Take(20));
    }
}

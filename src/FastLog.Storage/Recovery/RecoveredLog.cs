using FastLog.Primitives;
using FastLog.Storage.Epochs;
using FastLog.Storage.Flushing;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Recovery;

/// <summary>What a recovery hands to the partition log.</summary>
/// <param name="Segments">All of them; the last one is active unless the log has none yet or its last one is damaged.</param>
/// <param name="Active">The one that takes appends; null when the next append begins a new one.</param>
/// <param name="LogStart">First offset.</param>
/// <param name="LogEnd">The next offset.</param>
/// <param name="Point">Where the durable data ends: all of it, since a recovery flushes what it keeps.</param>
/// <param name="Epochs">The history; its latest epoch is the present one.</param>
/// <param name="EpochIsDurable">False for a log without records: the file is written before the first append.</param>
/// <param name="Defects">Damage below the recovery point.</param>
/// <param name="ScannedBytes">How much was read.</param>
internal sealed record RecoveredLog(
    SegmentSet Segments,
    ActiveSegment? Active,
    LogOffset LogStart,
    LogOffset LogEnd,
    FlushPoint Point,
    LeaderEpochHistory Epochs,
    bool EpochIsDurable,
    IReadOnlyList<LogDefect> Defects,
    long ScannedBytes);

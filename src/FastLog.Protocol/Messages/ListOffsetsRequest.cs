using FastLog.Primitives;

namespace FastLog.Protocol.Messages;

/// <summary>Asks for offsets of partitions: earliest, latest, or by time.</summary>
public sealed partial record ListOffsetsRequest(IReadOnlyList<ListOffsetsPartitionRequest> Partitions);

/// <summary>Which offset of a partition is wanted.</summary>
public enum OffsetQuery
{
    /// <summary>The log start.</summary>
    Earliest = 0,

    /// <summary>The high watermark: the offset the next readable record gets.</summary>
    Latest = 1,

    /// <summary>The first record whose timestamp is at or after the one given.</summary>
    AtTime = 2,
}

/// <summary>One question.</summary>
/// <param name="CurrentLeaderEpoch">The epoch from metadata, or none: no fencing.</param>
/// <param name="At">Used with <see cref="OffsetQuery.AtTime"/>, else none.</param>
public readonly record struct ListOffsetsPartitionRequest(
    TopicPartition Partition,
    LeaderEpoch CurrentLeaderEpoch,
    OffsetQuery Query,
    Timestamp At);

using FastLog.Primitives;

namespace FastLog.Protocol.Messages;

/// <summary>The offsets, in the order of the request.</summary>
public sealed partial record ListOffsetsResponse(IReadOnlyList<ListOffsetsPartitionResponse> Partitions);

/// <summary>One answer.</summary>
/// <param name="Offset">The offset; none with an error, or when no record is at or after the time.</param>
/// <param name="At">By time: the found record's timestamp; else none.</param>
/// <param name="LeaderEpoch">The current leader epoch, or none.</param>
public readonly record struct ListOffsetsPartitionResponse(
    TopicPartition Partition,
    ErrorCode Error,
    string ErrorMessage,
    LogOffset Offset,
    Timestamp At,
    LeaderEpoch LeaderEpoch);

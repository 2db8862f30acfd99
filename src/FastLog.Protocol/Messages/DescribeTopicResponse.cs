using FastLog.Primitives;

namespace FastLog.Protocol.Messages;

/// <summary>A topic in full.</summary>
/// <param name="Configs">All effective settings, ascending by key.</param>
/// <param name="Partitions">Ascending by partition.</param>
public sealed partial record DescribeTopicResponse(
    string Name,
    TopicId Id,
    bool IsInternal,
    int ReplicationFactor,
    IReadOnlyList<ConfigValue> Configs,
    IReadOnlyList<PartitionDescription> Partitions);

/// <summary>One partition's state; with an error the offsets are none and the sizes 0.</summary>
/// <param name="LogStart">First readable offset.</param>
/// <param name="LogEnd">Offset the next record gets.</param>
/// <param name="HighWatermark">Consumers read below it.</param>
/// <param name="SizeBytes">Bytes of batches in all segments.</param>
/// <param name="SegmentCount">Segments, the active one included.</param>
public readonly record struct PartitionDescription(
    PartitionId Partition,
    ErrorCode Error,
    string ErrorMessage,
    NodeId Leader,
    LeaderEpoch LeaderEpoch,
    LogOffset LogStart,
    LogOffset LogEnd,
    LogOffset HighWatermark,
    long SizeBytes,
    int SegmentCount);

using FastLog.Primitives;
using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>A topic in full.</summary>
/// <param name="Configs">All effective settings, ascending by key.</param>
/// <param name="Partitions">Ascending by partition.</param>
public sealed record DescribeTopicResponse(
    string Name,
    TopicId Id,
    bool IsInternal,
    int ReplicationFactor,
    IReadOnlyList<ConfigValue> Configs,
    IReadOnlyList<PartitionDescription> Partitions)
    : IMessage<DescribeTopicResponse>
{
    static ApiKey IMessage<DescribeTopicResponse>.Api => ApiKey.DescribeTopic;

    static int IMessage<DescribeTopicResponse>.EncodedSize(in DescribeTopicResponse message) =>
        DescribeTopicCodec.Size(message);

    static void IMessage<DescribeTopicResponse>.Encode(ref WireWriter writer, in DescribeTopicResponse message) =>
        DescribeTopicCodec.Write(ref writer, message);

    static WireStatus IMessage<DescribeTopicResponse>.Decode(
        ref WireReader reader, out DescribeTopicResponse message) =>
        DescribeTopicCodec.TryRead(ref reader, out message);
}

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

using FastLog.Primitives;
using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>A group in full.</summary>
/// <param name="Generation">None: nobody has joined it.</param>
/// <param name="Partitions">Those with a committed offset, ascending by topic name and partition.</param>
public sealed record DescribeGroupResponse(
    string GroupId,
    GroupGeneration Generation,
    IReadOnlyList<GroupPartitionDescription> Partitions)
    : IMessage<DescribeGroupResponse>
{
    static ApiKey IMessage<DescribeGroupResponse>.Api => ApiKey.DescribeGroup;

    static int IMessage<DescribeGroupResponse>.EncodedSize(in DescribeGroupResponse message) => DescribeGroupCodec.Size(message);

    static void IMessage<DescribeGroupResponse>.Encode(ref WireWriter writer, in DescribeGroupResponse message) =>
        DescribeGroupCodec.Write(ref writer, message);

    static WireStatus IMessage<DescribeGroupResponse>.Decode(ref WireReader reader, out DescribeGroupResponse message) =>
        DescribeGroupCodec.TryRead(ref reader, out message);
}

/// <summary>One partition of a group.</summary>
/// <param name="Offset">The next offset that the group will read.</param>
/// <param name="LeaderEpoch">As it was committed, or none.</param>
/// <param name="Metadata">As it was committed.</param>
/// <param name="CommittedAt">The broker's time of the commit.</param>
/// <param name="LogStart">First readable offset; none when the partition is not served now.</param>
/// <param name="HighWatermark">Consumers read below it; none when the partition is not served now.</param>
public readonly record struct GroupPartitionDescription(
    string Topic,
    TopicPartition Partition,
    LogOffset Offset,
    LeaderEpoch LeaderEpoch,
    string Metadata,
    Timestamp CommittedAt,
    LogOffset LogStart,
    LogOffset HighWatermark);

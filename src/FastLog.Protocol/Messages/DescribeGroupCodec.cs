using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Layout: <c>protocol-spec/messages/describe-group.md</c>.</summary>
public static class DescribeGroupCodec
{
    private const int PartitionSizeMin = WireSize.EmptyString + WireSize.TopicPartition + WireSize.Offset
        + WireSize.LeaderEpoch + WireSize.EmptyString + WireSize.Timestamp + (2 * WireSize.Offset);

    public static int Size(in DescribeGroupRequest message) => WireSize.String(message.GroupId);

    public static void Write(ref WireWriter writer, in DescribeGroupRequest message)
    {
        writer.WriteString(message.GroupId);
    }

    public static WireStatus TryRead(ref WireReader reader, out DescribeGroupRequest message)
    {
        var read = new DescribeGroupRequest(reader.ReadString());
        WireStatus status = reader.End();
        message = status == WireStatus.Ok ? read : null!;
        return status;
    }

    public static int Size(in DescribeGroupResponse message)
    {
        int size = WireSize.String(message.GroupId) + WireSize.Generation + WireSize.Count;
        for (int i = 0; i < message.Partitions.Count; i++)
            size += PartitionSizeMin - (2 * WireSize.EmptyString) + WireSize.String(message.Partitions[i].Topic)
                + WireSize.String(message.Partitions[i].Metadata);
        return size;
    }

    public static void Write(ref WireWriter writer, in DescribeGroupResponse message)
    {
        writer.WriteString(message.GroupId);
        writer.WriteGeneration(message.Generation);
        writer.WriteSize(message.Partitions.Count);
        for (int i = 0; i < message.Partitions.Count; i++)
        {
            GroupPartitionDescription partition = message.Partitions[i];
            writer.WriteString(partition.Topic);
            writer.WriteTopicPartition(partition.Partition);
            writer.WriteOffset(partition.Offset);
            writer.WriteLeaderEpoch(partition.LeaderEpoch);
            writer.WriteString(partition.Metadata);
            writer.WriteTimestamp(partition.CommittedAt);
            writer.WriteOffset(partition.LogStart);
            writer.WriteOffset(partition.HighWatermark);
        }
    }

    public static WireStatus TryRead(ref WireReader reader, out DescribeGroupResponse message)
    {
        var read = new DescribeGroupResponse(
            reader.ReadString(),
            reader.ReadGeneration(),
            WireLists.ReadArray(ref reader, PartitionSizeMin, static (ref WireReader from) =>
                new GroupPartitionDescription(
                    from.ReadString(),
                    from.ReadTopicPartition(),
                    from.ReadOffset(),
                    from.ReadLeaderEpoch(),
                    from.ReadString(),
                    from.ReadTimestamp(),
                    from.ReadOffset(),
                    from.ReadOffset())));
        WireStatus status = reader.End();
        message = status == WireStatus.Ok ? read : null!;
        return status;
    }
}

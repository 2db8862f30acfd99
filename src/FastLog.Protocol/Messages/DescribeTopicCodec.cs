using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Layout: <c>protocol-spec/messages/describe-topic.md</c>.</summary>
public static class DescribeTopicCodec
{
    private const int PartitionSizeMin = WireSize.Partition + WireSize.ErrorCode + WireSize.EmptyString + WireSize.Node
        + WireSize.LeaderEpoch + (3 * WireSize.Offset) + sizeof(ulong) + sizeof(uint);

    public static int Size(in DescribeTopicRequest message) => WireLists.SizeOf(message.Topic);

    public static void Write(ref WireWriter writer, in DescribeTopicRequest message) =>
        WireLists.WriteTopic(ref writer, message.Topic);

    public static WireStatus TryRead(ref WireReader reader, out DescribeTopicRequest message)
    {
        var read = new DescribeTopicRequest(WireLists.ReadTopic(ref reader));
        WireStatus status = reader.End();
        message = status == WireStatus.Ok ? read : null!;
        return status;
    }

    public static int Size(in DescribeTopicResponse message)
    {
        int size = WireSize.String(message.Name) + WireSize.Uid + WireSize.Bool + sizeof(uint)
            + WireConfigs.SizeOf(message.Configs) + WireSize.Count;
        for (int i = 0; i < message.Partitions.Count; i++)
            size += PartitionSizeMin - WireSize.EmptyString + WireSize.ErrorMessage(message.Partitions[i].ErrorMessage);
        return size;
    }

    public static void Write(ref WireWriter writer, in DescribeTopicResponse message)
    {
        writer.WriteString(message.Name);
        writer.WriteTopicId(message.Id);
        writer.WriteBool(message.IsInternal);
        writer.WriteSize(message.ReplicationFactor);
        WireConfigs.Write(ref writer, message.Configs);
        writer.WriteSize(message.Partitions.Count);
        for (int i = 0; i < message.Partitions.Count; i++)
            Write(ref writer, message.Partitions[i]);
    }

    public static WireStatus TryRead(ref WireReader reader, out DescribeTopicResponse message)
    {
        var read = new DescribeTopicResponse(
            reader.ReadString(),
            reader.ReadTopicId(),
            reader.ReadBool(),
            reader.ReadSize(),
            WireConfigs.ReadValues(ref reader),
            WireLists.ReadArray(ref reader, PartitionSizeMin, ReadPartition));
        WireStatus status = reader.End();
        message = status == WireStatus.Ok ? read : null!;
        return status;
    }

    private static void Write(ref WireWriter writer, in PartitionDescription partition)
    {
        writer.WriteI32(partition.Partition.Value);
        writer.WriteErrorCode(partition.Error);
        writer.WriteErrorMessage(partition.ErrorMessage);
        writer.WriteNode(partition.Leader);
        writer.WriteLeaderEpoch(partition.LeaderEpoch);
        writer.WriteOffset(partition.LogStart);
        writer.WriteOffset(partition.LogEnd);
        writer.WriteOffset(partition.HighWatermark);
        writer.WriteLongSize(partition.SizeBytes);
        writer.WriteSize(partition.SegmentCount);
    }

    private static PartitionDescription ReadPartition(ref WireReader reader) => new(
        reader.ReadPartition(),
        reader.ReadErrorCode(),
        reader.ReadString(),
        reader.ReadNode(),
        reader.ReadLeaderEpoch(),
        reader.ReadOffset(),
        reader.ReadOffset(),
        reader.ReadOffset(),
        reader.ReadLongSize(),
        reader.ReadSize());
}

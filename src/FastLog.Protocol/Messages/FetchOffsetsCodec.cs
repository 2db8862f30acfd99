using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Layout: <c>protocol-spec/messages/fetch-offsets.md</c>.</summary>
public static class FetchOffsetsCodec
{
    private const int PartitionResponseSizeMin =
        WireSize.TopicPartition + WireSize.Offset + WireSize.LeaderEpoch + WireSize.EmptyString;

    public static int Size(in FetchOffsetsRequest message) =>
        WireSize.String(message.GroupId) + WireSize.Count + (message.Partitions.Count * WireSize.TopicPartition);

    public static void Write(ref WireWriter writer, in FetchOffsetsRequest message)
    {
        writer.WriteString(message.GroupId);
        writer.WriteSize(message.Partitions.Count);
        for (int i = 0; i < message.Partitions.Count; i++)
            writer.WriteTopicPartition(message.Partitions[i].Partition);
    }

    public static WireStatus TryRead(ref WireReader reader, out FetchOffsetsRequest message)
    {
        var read = new FetchOffsetsRequest(
            reader.ReadString(),
            WireLists.ReadArray(ref reader, WireSize.TopicPartition, static (ref WireReader from) =>
                new FetchOffsetsPartitionRequest(from.ReadTopicPartition())));
        WireStatus status = reader.End();
        message = status == WireStatus.Ok ? read : null!;
        return status;
    }

    public static int Size(in FetchOffsetsResponse message)
    {
        int size = WireSize.Count;
        for (int i = 0; i < message.Partitions.Count; i++)
            size += PartitionResponseSizeMin - WireSize.EmptyString + WireSize.String(message.Partitions[i].Metadata);
        return size;
    }

    public static void Write(ref WireWriter writer, in FetchOffsetsResponse message)
    {
        writer.WriteSize(message.Partitions.Count);
        for (int i = 0; i < message.Partitions.Count; i++)
        {
            FetchOffsetsPartitionResponse partition = message.Partitions[i];
            writer.WriteTopicPartition(partition.Partition);
            writer.WriteOffset(partition.Offset);
            writer.WriteLeaderEpoch(partition.LeaderEpoch);
            writer.WriteString(partition.Metadata);
        }
    }

    public static WireStatus TryRead(ref WireReader reader, out FetchOffsetsResponse message)
    {
        var read = new FetchOffsetsResponse(
            WireLists.ReadArray(ref reader, PartitionResponseSizeMin, static (ref WireReader from) =>
                new FetchOffsetsPartitionResponse(
                    from.ReadTopicPartition(), from.ReadOffset(), from.ReadLeaderEpoch(), from.ReadString())));
        WireStatus status = reader.End();
        message = status == WireStatus.Ok ? read : null!;
        return status;
    }
}

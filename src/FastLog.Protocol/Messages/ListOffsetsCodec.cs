using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Layout: <c>protocol-spec/messages/list-offsets.md</c>.</summary>
public static class ListOffsetsCodec
{
    private const int PartitionRequestSize = WireSize.TopicPartition + WireSize.LeaderEpoch + WireSize.Enum
        + WireSize.Timestamp;

    private const int PartitionResponseSizeMin = WireSize.TopicPartition + WireSize.ErrorCode + WireSize.EmptyString
        + WireSize.Offset + WireSize.Timestamp + WireSize.LeaderEpoch;

    public static int Size(in ListOffsetsRequest message) =>
        WireSize.Count + (message.Partitions.Count * PartitionRequestSize);

    public static void Write(ref WireWriter writer, in ListOffsetsRequest message)
    {
        writer.WriteSize(message.Partitions.Count);
        for (int i = 0; i < message.Partitions.Count; i++)
        {
            ListOffsetsPartitionRequest partition = message.Partitions[i];
            writer.WriteTopicPartition(partition.Partition);
            writer.WriteLeaderEpoch(partition.CurrentLeaderEpoch);
            writer.WriteEnum((int)partition.Query);
            writer.WriteTimestamp(partition.At);
        }
    }

    public static WireStatus TryRead(ref WireReader reader, out ListOffsetsRequest message)
    {
        var read = new ListOffsetsRequest(
            WireLists.ReadArray(ref reader, PartitionRequestSize, static (ref WireReader from) =>
                new ListOffsetsPartitionRequest(
                    from.ReadTopicPartition(),
                    from.ReadLeaderEpoch(),
                    (OffsetQuery)from.ReadEnum((int)OffsetQuery.AtTime),
                    from.ReadTimestamp())));
        WireStatus status = reader.End();
        message = status == WireStatus.Ok ? read : null!;
        return status;
    }

    public static int Size(in ListOffsetsResponse message)
    {
        int size = WireSize.Count;
        for (int i = 0; i < message.Partitions.Count; i++)
            size += PartitionResponseSizeMin - WireSize.EmptyString
                + WireSize.ErrorMessage(message.Partitions[i].ErrorMessage);
        return size;
    }

    public static void Write(ref WireWriter writer, in ListOffsetsResponse message)
    {
        writer.WriteSize(message.Partitions.Count);
        for (int i = 0; i < message.Partitions.Count; i++)
        {
            ListOffsetsPartitionResponse partition = message.Partitions[i];
            writer.WriteTopicPartition(partition.Partition);
            writer.WriteErrorCode(partition.Error);
            writer.WriteErrorMessage(partition.ErrorMessage);
            writer.WriteOffset(partition.Offset);
            writer.WriteTimestamp(partition.At);
            writer.WriteLeaderEpoch(partition.LeaderEpoch);
        }
    }

    public static WireStatus TryRead(ref WireReader reader, out ListOffsetsResponse message)
    {
        var read = new ListOffsetsResponse(
            WireLists.ReadArray(ref reader, PartitionResponseSizeMin, static (ref WireReader from) =>
                new ListOffsetsPartitionResponse(
                    from.ReadTopicPartition(),
                    from.ReadErrorCode(),
                    from.ReadString(),
                    from.ReadOffset(),
                    from.ReadTimestamp(),
                    from.ReadLeaderEpoch())));
        WireStatus status = reader.End();
        message = status == WireStatus.Ok ? read : null!;
        return status;
    }
}

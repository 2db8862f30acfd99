using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Layout: <c>protocol-spec/messages/delete-records.md</c>.</summary>
public static class DeleteRecordsCodec
{
    private const int PartitionRequestSize = WireSize.TopicPartition + WireSize.LeaderEpoch + WireSize.Offset;

    private const int PartitionResponseSizeMin =
        WireSize.TopicPartition + WireSize.ErrorCode + WireSize.EmptyString + WireSize.Offset;

    public static int Size(in DeleteRecordsRequest message) =>
        WireSize.Count + (message.Partitions.Count * PartitionRequestSize);

    public static void Write(ref WireWriter writer, in DeleteRecordsRequest message)
    {
        writer.WriteSize(message.Partitions.Count);
        for (int i = 0; i < message.Partitions.Count; i++)
        {
            DeleteRecordsPartitionRequest partition = message.Partitions[i];
            writer.WriteTopicPartition(partition.Partition);
            writer.WriteLeaderEpoch(partition.CurrentLeaderEpoch);
            writer.WriteOffset(partition.Before);
        }
    }

    public static WireStatus TryRead(ref WireReader reader, out DeleteRecordsRequest message)
    {
        var read = new DeleteRecordsRequest(
            WireLists.ReadArray(ref reader, PartitionRequestSize, static (ref WireReader from) =>
                new DeleteRecordsPartitionRequest(from.ReadTopicPartition(), from.ReadLeaderEpoch(), from.ReadOffset())));
        WireStatus status = reader.End();
        message = status == WireStatus.Ok ? read : null!;
        return status;
    }

    public static int Size(in DeleteRecordsResponse message)
    {
        int size = WireSize.Count;
        for (int i = 0; i < message.Partitions.Count; i++)
            size += PartitionResponseSizeMin - WireSize.EmptyString
                + WireSize.ErrorMessage(message.Partitions[i].ErrorMessage);
        return size;
    }

    public static void Write(ref WireWriter writer, in DeleteRecordsResponse message)
    {
        writer.WriteSize(message.Partitions.Count);
        for (int i = 0; i < message.Partitions.Count; i++)
        {
            DeleteRecordsPartitionResponse partition = message.Partitions[i];
            writer.WriteTopicPartition(partition.Partition);
            writer.WriteErrorCode(partition.Error);
            writer.WriteErrorMessage(partition.ErrorMessage);
            writer.WriteOffset(partition.LogStart);
        }
    }

    public static WireStatus TryRead(ref WireReader reader, out DeleteRecordsResponse message)
    {
        var read = new DeleteRecordsResponse(
            WireLists.ReadArray(ref reader, PartitionResponseSizeMin, static (ref WireReader from) =>
                new DeleteRecordsPartitionResponse(
                    from.ReadTopicPartition(), from.ReadErrorCode(), from.ReadString(), from.ReadOffset())));
        WireStatus status = reader.End();
        message = status == WireStatus.Ok ? read : null!;
        return status;
    }
}

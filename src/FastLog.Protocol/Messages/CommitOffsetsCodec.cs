using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Layout: <c>protocol-spec/messages/commit-offsets.md</c>.</summary>
public static class CommitOffsetsCodec
{
    private const int PartitionRequestSizeMin =
        WireSize.TopicPartition + WireSize.Offset + WireSize.LeaderEpoch + WireSize.EmptyString;

    private const int PartitionResponseSizeMin = WireSize.TopicPartition + WireSize.ErrorCode + WireSize.EmptyString;

    public static int Size(in CommitOffsetsRequest message)
    {
        int size = WireSize.String(message.GroupId) + WireSize.String(message.MemberId) + WireSize.Generation + WireSize.Count;
        for (int i = 0; i < message.Partitions.Count; i++)
            size += PartitionRequestSizeMin - WireSize.EmptyString + WireSize.String(message.Partitions[i].Metadata);
        return size;
    }

    public static void Write(ref WireWriter writer, in CommitOffsetsRequest message)
    {
        writer.WriteString(message.GroupId);
        writer.WriteString(message.MemberId);
        writer.WriteGeneration(message.Generation);
        writer.WriteSize(message.Partitions.Count);
        for (int i = 0; i < message.Partitions.Count; i++)
        {
            CommitOffsetsPartitionRequest partition = message.Partitions[i];
            writer.WriteTopicPartition(partition.Partition);
            writer.WriteOffset(partition.Offset);
            writer.WriteLeaderEpoch(partition.LeaderEpoch);
            writer.WriteString(partition.Metadata);
        }
    }

    public static WireStatus TryRead(ref WireReader reader, out CommitOffsetsRequest message)
    {
        var read = new CommitOffsetsRequest(
            reader.ReadString(),
            reader.ReadString(),
            reader.ReadGeneration(),
            WireLists.ReadArray(ref reader, PartitionRequestSizeMin, static (ref WireReader from) =>
                new CommitOffsetsPartitionRequest(
                    from.ReadTopicPartition(), from.ReadOffset(), from.ReadLeaderEpoch(), from.ReadString())));
        WireStatus status = reader.End();
        message = status == WireStatus.Ok ? read : null!;
        return status;
    }

    public static int Size(in CommitOffsetsResponse message)
    {
        int size = WireSize.Count;
        for (int i = 0; i < message.Partitions.Count; i++)
            size += PartitionResponseSizeMin - WireSize.EmptyString + WireSize.ErrorMessage(message.Partitions[i].ErrorMessage);
        return size;
    }

    public static void Write(ref WireWriter writer, in CommitOffsetsResponse message)
    {
        writer.WriteSize(message.Partitions.Count);
        for (int i = 0; i < message.Partitions.Count; i++)
        {
            CommitOffsetsPartitionResponse partition = message.Partitions[i];
            writer.WriteTopicPartition(partition.Partition);
            writer.WriteErrorCode(partition.Error);
            writer.WriteErrorMessage(partition.ErrorMessage);
        }
    }

    public static WireStatus TryRead(ref WireReader reader, out CommitOffsetsResponse message)
    {
        var read = new CommitOffsetsResponse(
            WireLists.ReadArray(ref reader, PartitionResponseSizeMin, static (ref WireReader from) =>
                new CommitOffsetsPartitionResponse(
                    from.ReadTopicPartition(), from.ReadErrorCode(), from.ReadString())));
        WireStatus status = reader.End();
        message = status == WireStatus.Ok ? read : null!;
        return status;
    }
}

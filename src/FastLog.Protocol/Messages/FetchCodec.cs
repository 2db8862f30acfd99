using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Layout: <c>protocol-spec/messages/fetch.md</c>. Does no work per record.</summary>
public static class FetchCodec
{
    private const int RequestFixedSize = (3 * sizeof(uint)) + WireSize.Count;

    private const int PartitionRequestSize = WireSize.TopicPartition + WireSize.Offset + (2 * WireSize.LeaderEpoch)
        + sizeof(uint);

    private const int PartitionResponseSizeMin = WireSize.TopicPartition + WireSize.ErrorCode + WireSize.EmptyString
        + (5 * WireSize.Offset) + (2 * WireSize.LeaderEpoch) + sizeof(uint);

    public static int Size(in FetchRequest message) =>
        RequestFixedSize + (message.Partitions.Length * PartitionRequestSize);

    public static void Write(ref WireWriter writer, in FetchRequest message)
    {
        writer.WriteMilliseconds(message.WaitMax);
        writer.WriteSize(message.BytesMin);
        writer.WriteSize(message.BytesMax);
        writer.WriteSize(message.Partitions.Length);
        foreach (ref readonly FetchPartitionRequest partition in message.Partitions.Span)
        {
            writer.WriteTopicPartition(partition.Partition);
            writer.WriteOffset(partition.FetchOffset);
            writer.WriteLeaderEpoch(partition.LastEpoch);
            writer.WriteLeaderEpoch(partition.CurrentLeaderEpoch);
            writer.WriteSize(partition.BytesMax);
        }
    }

    public static WireStatus TryRead(ref WireReader reader, out FetchRequest message)
    {
        FetchPartitionRequest[] partitions = [];
        return TryRead(ref reader, ref partitions, out message);
    }

    /// <summary>
    /// The same into the caller's array, which is replaced when it is too small; the message borrows it.
    /// </summary>
    public static WireStatus TryRead(
        ref WireReader reader, ref FetchPartitionRequest[] partitions, out FetchRequest message)
    {
        TimeSpan waitMax = reader.ReadMilliseconds();
        int bytesMin = reader.ReadSize();
        int bytesMax = reader.ReadSize();
        int count = reader.ReadCount(PartitionRequestSize);
        if (partitions.Length < count)
            partitions = new FetchPartitionRequest[count];
        for (int i = 0; i < count && reader.IsOk; i++)
        {
            partitions[i] = new FetchPartitionRequest(
                reader.ReadTopicPartition(),
                reader.ReadOffset(),
                reader.ReadLeaderEpoch(),
                reader.ReadLeaderEpoch(),
                reader.ReadSize());
        }

        WireStatus status = reader.End();
        message = status == WireStatus.Ok
            ? new FetchRequest(waitMax, bytesMin, bytesMax, partitions.AsMemory(0, count))
            : default;
        return status;
    }

    public static int Size(in FetchResponse message)
    {
        int size = WireSize.Count;
        foreach (ref readonly FetchPartitionResponse partition in message.Partitions.Span)
            size += PartitionResponseSizeMin - WireSize.EmptyString + WireSize.ErrorMessage(partition.ErrorMessage);
        return size;
    }

    public static void Write(ref WireWriter writer, in FetchResponse message)
    {
        writer.WriteSize(message.Partitions.Length);
        foreach (ref readonly FetchPartitionResponse partition in message.Partitions.Span)
        {
            writer.WriteTopicPartition(partition.Partition);
            writer.WriteErrorCode(partition.Error);
            writer.WriteErrorMessage(partition.ErrorMessage);
            writer.WriteOffset(partition.HighWatermark);
            writer.WriteOffset(partition.LogStart);
            writer.WriteOffset(partition.LogEnd);
            writer.WriteLeaderEpoch(partition.LeaderEpoch);
            writer.WriteLeaderEpoch(partition.DivergingEpoch);
            writer.WriteOffset(partition.EpochEnd);
            writer.WriteOffset(partition.CorruptEnd);
            writer.WriteSize(partition.PayloadSize);
        }
    }

    public static WireStatus TryRead(ref WireReader reader, out FetchResponse message)
    {
        FetchPartitionResponse[] partitions = [];
        return TryRead(ref reader, ref partitions, out message);
    }

    /// <summary>
    /// The same into the caller's array, which is replaced when it is too small; the message borrows it.
    /// </summary>
    public static WireStatus TryRead(
        ref WireReader reader, ref FetchPartitionResponse[] partitions, out FetchResponse message)
    {
        int count = reader.ReadCount(PartitionResponseSizeMin);
        if (partitions.Length < count)
            partitions = new FetchPartitionResponse[count];
        long payloadSize = 0;
        for (int i = 0; i < count && reader.IsOk; i++)
        {
            partitions[i] = ReadPartition(ref reader);
            payloadSize += partitions[i].PayloadSize;
        }

        WireStatus status = reader.End(payloadSize);
        message = status == WireStatus.Ok ? new FetchResponse(partitions.AsMemory(0, count)) : default;
        return status;
    }

    private static FetchPartitionResponse ReadPartition(ref WireReader reader) => new(
        reader.ReadTopicPartition(),
        reader.ReadErrorCode(),
        reader.ReadString(),
        reader.ReadOffset(),
        reader.ReadOffset(),
        reader.ReadOffset(),
        reader.ReadLeaderEpoch(),
        reader.ReadLeaderEpoch(),
        reader.ReadOffset(),
        reader.ReadOffset(),
        reader.ReadSize());
}

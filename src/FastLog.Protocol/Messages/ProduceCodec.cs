using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Layout: <c>protocol-spec/messages/produce.md</c>. Does no work per record.</summary>
public static class ProduceCodec
{
    private const int RequestFixedSize = WireSize.Enum + sizeof(uint) + WireSize.Count;
    private const int PartitionRequestSize = WireSize.TopicPartition + sizeof(uint);

    private const int PartitionResponseSizeMin = WireSize.TopicPartition + WireSize.ErrorCode + WireSize.EmptyString
        + (3 * WireSize.Offset) + WireSize.Enum;

    public static int Size(in ProduceRequest message) =>
        RequestFixedSize + (message.Partitions.Length * PartitionRequestSize);

    public static void Write(ref WireWriter writer, in ProduceRequest message)
    {
        writer.WriteEnum((int)message.Acks);
        writer.WriteMilliseconds(message.Timeout);
        writer.WriteSize(message.Partitions.Length);
        foreach (ref readonly ProducePartitionRequest partition in message.Partitions.Span)
        {
            writer.WriteTopicPartition(partition.Partition);
            writer.WriteSize(partition.PayloadSize);
        }
    }

    public static WireStatus TryRead(ref WireReader reader, out ProduceRequest message)
    {
        ProducePartitionRequest[] partitions = [];
        return TryRead(ref reader, ref partitions, out message);
    }

    /// <summary>
    /// The same into the caller's array, which is replaced when it is too small; the message borrows it.
    /// </summary>
    public static WireStatus TryRead(
        ref WireReader reader, ref ProducePartitionRequest[] partitions, out ProduceRequest message)
    {
        var acks = (ProduceAcks)reader.ReadEnum((int)ProduceAcks.All);
        TimeSpan timeout = reader.ReadMilliseconds();
        int count = reader.ReadCount(PartitionRequestSize);
        if (partitions.Length < count)
            partitions = new ProducePartitionRequest[count];
        long payloadSize = 0;
        for (int i = 0; i < count && reader.IsOk; i++)
        {
            partitions[i] = new ProducePartitionRequest(reader.ReadTopicPartition(), reader.ReadSize());
            payloadSize += partitions[i].PayloadSize;
        }

        WireStatus status = reader.End(payloadSize);
        message = status == WireStatus.Ok ? new ProduceRequest(acks, timeout, partitions.AsMemory(0, count)) : default;
        return status;
    }

    public static int Size(in ProduceResponse message)
    {
        int size = WireSize.Count;
        foreach (ref readonly ProducePartitionResponse partition in message.Partitions.Span)
            size += PartitionResponseSizeMin - WireSize.EmptyString + WireSize.ErrorMessage(partition.ErrorMessage);
        return size;
    }

    public static void Write(ref WireWriter writer, in ProduceResponse message)
    {
        writer.WriteSize(message.Partitions.Length);
        foreach (ref readonly ProducePartitionResponse partition in message.Partitions.Span)
        {
            writer.WriteTopicPartition(partition.Partition);
            writer.WriteErrorCode(partition.Error);
            writer.WriteErrorMessage(partition.ErrorMessage);
            writer.WriteOffset(partition.BaseOffset);
            writer.WriteOffset(partition.LastOffset);
            writer.WriteOffset(partition.LogStart);
            writer.WriteEnum((int)partition.Durability);
        }
    }

    public static WireStatus TryRead(ref WireReader reader, out ProduceResponse message)
    {
        ProducePartitionResponse[] partitions = [];
        return TryRead(ref reader, ref partitions, out message);
    }

    /// <summary>
    /// The same into the caller's array, which is replaced when it is too small; the message borrows it.
    /// </summary>
    public static WireStatus TryRead(
        ref WireReader reader, ref ProducePartitionResponse[] partitions, out ProduceResponse message)
    {
        int count = reader.ReadCount(PartitionResponseSizeMin);
        if (partitions.Length < count)
            partitions = new ProducePartitionResponse[count];
        for (int i = 0; i < count && reader.IsOk; i++)
        {
            partitions[i] = new ProducePartitionResponse(
                reader.ReadTopicPartition(),
                reader.ReadErrorCode(),
                reader.ReadString(),
                reader.ReadOffset(),
                reader.ReadOffset(),
                reader.ReadOffset(),
                (Durability)reader.ReadEnum((int)Durability.Quorum));
        }

        WireStatus status = reader.End();
        message = status == WireStatus.Ok ? new ProduceResponse(partitions.AsMemory(0, count)) : default;
        return status;
    }
}

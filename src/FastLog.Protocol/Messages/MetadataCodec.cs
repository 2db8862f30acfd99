using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Layout: <c>protocol-spec/messages/metadata.md</c>.</summary>
public static class MetadataCodec
{
    private const int BrokerSizeMin = WireSize.Node + WireSize.EmptyString + sizeof(uint) + WireSize.EmptyString;
    private const int TopicSizeMin =
        WireSize.ErrorCode + (2 * WireSize.EmptyString) + WireSize.Uid + WireSize.Bool + WireSize.Count;
    private const int PartitionSizeMin =
        WireSize.Partition + WireSize.ErrorCode + WireSize.Node + WireSize.LeaderEpoch + (2 * WireSize.Count);

    public static int Size(in MetadataRequest message) =>
        WireSize.Bool + WireSize.Strings(message.Names) + WireSize.Count + (message.Ids.Count * WireSize.Uid)
            + WireSize.Bool;

    public static void Write(ref WireWriter writer, in MetadataRequest message)
    {
        writer.WriteBool(message.AllTopics);
        WireLists.WriteStrings(ref writer, message.Names);
        writer.WriteSize(message.Ids.Count);
        for (int i = 0; i < message.Ids.Count; i++)
            writer.WriteTopicId(message.Ids[i]);
        writer.WriteBool(message.AllowAutoCreate);
    }

    public static WireStatus TryRead(ref WireReader reader, out MetadataRequest message)
    {
        var read = new MetadataRequest(
            reader.ReadBool(),
            WireLists.ReadStrings(ref reader),
            WireLists.ReadArray(ref reader, WireSize.Uid, static (ref WireReader from) => from.ReadTopicId()),
            reader.ReadBool());
        WireStatus status = reader.End();
        message = status == WireStatus.Ok ? read : null!;
        return status;
    }

    public static int Size(in MetadataResponse message)
    {
        int size = WireSize.Uid + WireSize.Node + (2 * WireSize.Count);
        for (int i = 0; i < message.Brokers.Count; i++)
        {
            BrokerMetadata broker = message.Brokers[i];
            size += WireSize.Node + WireSize.String(broker.Host) + sizeof(uint) + WireSize.String(broker.Rack);
        }

        for (int i = 0; i < message.Topics.Count; i++)
            size += Size(message.Topics[i]);
        return size;
    }

    public static void Write(ref WireWriter writer, in MetadataResponse message)
    {
        writer.WriteUid(message.ClusterId);
        writer.WriteNode(message.Controller);
        writer.WriteSize(message.Brokers.Count);
        for (int i = 0; i < message.Brokers.Count; i++)
        {
            BrokerMetadata broker = message.Brokers[i];
            writer.WriteNode(broker.Node);
            writer.WriteString(broker.Host);
            writer.WriteSize(broker.Port);
            writer.WriteString(broker.Rack);
        }

        writer.WriteSize(message.Topics.Count);
        for (int i = 0; i < message.Topics.Count; i++)
            Write(ref writer, message.Topics[i]);
    }

    public static WireStatus TryRead(ref WireReader reader, out MetadataResponse message)
    {
        var read = new MetadataResponse(
            reader.ReadUid(),
            reader.ReadNode(),
            WireLists.ReadArray(ref reader, BrokerSizeMin, static (ref WireReader from) => new BrokerMetadata(
                from.ReadNode(), from.ReadString(), from.ReadSize(), from.ReadString())),
            WireLists.ReadArray(ref reader, TopicSizeMin, ReadTopic));
        WireStatus status = reader.End();
        message = status == WireStatus.Ok ? read : null!;
        return status;
    }

    private static int Size(TopicMetadata topic)
    {
        int size = TopicSizeMin - (2 * WireSize.EmptyString)
            + WireSize.ErrorMessage(topic.ErrorMessage) + WireSize.String(topic.Name);
        for (int i = 0; i < topic.Partitions.Count; i++)
        {
            PartitionMetadata partition = topic.Partitions[i];
            int nodes = partition.Replicas.Count + partition.InSyncReplicas.Count;
            size += PartitionSizeMin + (nodes * WireSize.Node);
        }

        return size;
    }

    private static void Write(ref WireWriter writer, TopicMetadata topic)
    {
        writer.WriteErrorCode(topic.Error);
        writer.WriteErrorMessage(topic.ErrorMessage);
        writer.WriteString(topic.Name);
        writer.WriteTopicId(topic.Id);
        writer.WriteBool(topic.IsInternal);
        writer.WriteSize(topic.Partitions.Count);
        for (int i = 0; i < topic.Partitions.Count; i++)
        {
            PartitionMetadata partition = topic.Partitions[i];
            writer.WriteI32(partition.Partition.Value);
            writer.WriteErrorCode(partition.Error);
            writer.WriteNode(partition.Leader);
            writer.WriteLeaderEpoch(partition.LeaderEpoch);
            WireLists.WriteNodes(ref writer, partition.Replicas);
            WireLists.WriteNodes(ref writer, partition.InSyncReplicas);
        }
    }

    private static TopicMetadata ReadTopic(ref WireReader reader) => new(
        reader.ReadErrorCode(),
        reader.ReadString(),
        reader.ReadString(),
        reader.ReadTopicId(),
        reader.ReadBool(),
        WireLists.ReadArray(ref reader, PartitionSizeMin, static (ref WireReader from) => new PartitionMetadata(
            from.ReadPartition(),
            from.ReadErrorCode(),
            from.ReadNode(),
            from.ReadLeaderEpoch(),
            WireLists.ReadNodes(ref from),
            WireLists.ReadNodes(ref from))));
}

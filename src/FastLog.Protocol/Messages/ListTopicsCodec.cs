using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Layout: <c>protocol-spec/messages/list-topics.md</c>.</summary>
public static class ListTopicsCodec
{
    private const int TopicSizeMin = WireSize.EmptyString + WireSize.Uid + (2 * sizeof(uint)) + WireSize.Bool;

    public static int Size(in ListTopicsRequest message) => WireSize.Bool;

    public static void Write(ref WireWriter writer, in ListTopicsRequest message) =>
        writer.WriteBool(message.IncludeInternal);

    public static WireStatus TryRead(ref WireReader reader, out ListTopicsRequest message)
    {
        var read = new ListTopicsRequest(reader.ReadBool());
        WireStatus status = reader.End();
        message = status == WireStatus.Ok ? read : null!;
        return status;
    }

    public static int Size(in ListTopicsResponse message)
    {
        int size = WireSize.Count;
        for (int i = 0; i < message.Topics.Count; i++)
            size += TopicSizeMin - WireSize.EmptyString + WireSize.String(message.Topics[i].Name);
        return size;
    }

    public static void Write(ref WireWriter writer, in ListTopicsResponse message)
    {
        writer.WriteSize(message.Topics.Count);
        for (int i = 0; i < message.Topics.Count; i++)
        {
            TopicListing topic = message.Topics[i];
            writer.WriteString(topic.Name);
            writer.WriteTopicId(topic.Id);
            writer.WriteSize(topic.PartitionCount);
            writer.WriteSize(topic.ReplicationFactor);
            writer.WriteBool(topic.IsInternal);
        }
    }

    public static WireStatus TryRead(ref WireReader reader, out ListTopicsResponse message)
    {
        var read = new ListTopicsResponse(
            WireLists.ReadArray(ref reader, TopicSizeMin, static (ref WireReader from) => new TopicListing(
                from.ReadString(), from.ReadTopicId(), from.ReadSize(), from.ReadSize(), from.ReadBool())));
        WireStatus status = reader.End();
        message = status == WireStatus.Ok ? read : null!;
        return status;
    }
}

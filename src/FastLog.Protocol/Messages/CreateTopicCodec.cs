using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Layout: <c>protocol-spec/messages/create-topic.md</c>.</summary>
public static class CreateTopicCodec
{
    public static int Size(in CreateTopicRequest message) =>
        WireSize.String(message.Name) + (2 * sizeof(uint)) + WireConfigs.SizeOf(message.Configs);

    public static void Write(ref WireWriter writer, in CreateTopicRequest message)
    {
        writer.WriteString(message.Name);
        writer.WriteSize(message.PartitionCount);
        writer.WriteSize(message.ReplicationFactor);
        WireConfigs.Write(ref writer, message.Configs);
    }

    public static WireStatus TryRead(ref WireReader reader, out CreateTopicRequest message)
    {
        var read = new CreateTopicRequest(
            reader.ReadString(),
            reader.ReadSize(),
            reader.ReadSize(),
            WireConfigs.ReadEntries(ref reader));
        WireStatus status = reader.End();
        message = status == WireStatus.Ok ? read : null!;
        return status;
    }

    public static int Size(in CreateTopicResponse message) => WireSize.Uid + (2 * sizeof(uint));

    public static void Write(ref WireWriter writer, in CreateTopicResponse message)
    {
        writer.WriteTopicId(message.Id);
        writer.WriteSize(message.PartitionCount);
        writer.WriteSize(message.ReplicationFactor);
    }

    public static WireStatus TryRead(ref WireReader reader, out CreateTopicResponse message)
    {
        var read = new CreateTopicResponse(reader.ReadTopicId(), reader.ReadSize(), reader.ReadSize());
        WireStatus status = reader.End();
        message = status == WireStatus.Ok ? read : null!;
        return status;
    }
}

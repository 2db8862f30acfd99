using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Layout: <c>protocol-spec/messages/create-topic.md</c>.</summary>
public static class CreateTopicCodec
{
    private const int ConfigSizeMin = 2 * WireSize.EmptyString;

    public static int Size(in CreateTopicRequest message)
    {
        int size = WireSize.String(message.Name) + (2 * sizeof(uint)) + WireSize.Count;
        for (int i = 0; i < message.Configs.Count; i++)
            size += WireSize.String(message.Configs[i].Key) + WireSize.String(message.Configs[i].Value);
        return size;
    }

    public static void Write(ref WireWriter writer, in CreateTopicRequest message)
    {
        writer.WriteString(message.Name);
        writer.WriteSize(message.PartitionCount);
        writer.WriteSize(message.ReplicationFactor);
        writer.WriteSize(message.Configs.Count);
        for (int i = 0; i < message.Configs.Count; i++)
        {
            writer.WriteString(message.Configs[i].Key);
            writer.WriteString(message.Configs[i].Value);
        }
    }

    public static WireStatus TryRead(ref WireReader reader, out CreateTopicRequest message)
    {
        var read = new CreateTopicRequest(
            reader.ReadString(),
            reader.ReadSize(),
            reader.ReadSize(),
            WireLists.ReadArray(ref reader, ConfigSizeMin, static (ref WireReader from) => new ConfigEntry(
                from.ReadString(), from.ReadString())));
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

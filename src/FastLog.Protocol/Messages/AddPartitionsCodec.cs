using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Layout: <c>protocol-spec/messages/add-partitions.md</c>.</summary>
public static class AddPartitionsCodec
{
    public static int Size(in AddPartitionsRequest message) => WireLists.SizeOf(message.Topic) + sizeof(uint);

    public static void Write(ref WireWriter writer, in AddPartitionsRequest message)
    {
        WireLists.WriteTopic(ref writer, message.Topic);
        writer.WriteSize(message.PartitionCount);
    }

    public static WireStatus TryRead(ref WireReader reader, out AddPartitionsRequest message)
    {
        var read = new AddPartitionsRequest(WireLists.ReadTopic(ref reader), reader.ReadSize());
        WireStatus status = reader.End();
        message = status == WireStatus.Ok ? read : null!;
        return status;
    }

    public static int Size(in AddPartitionsResponse message) =>
        WireSize.String(message.Name) + WireSize.Uid + sizeof(uint);

    public static void Write(ref WireWriter writer, in AddPartitionsResponse message)
    {
        writer.WriteString(message.Name);
        writer.WriteTopicId(message.Id);
        writer.WriteSize(message.PartitionCount);
    }

    public static WireStatus TryRead(ref WireReader reader, out AddPartitionsResponse message)
    {
        var read = new AddPartitionsResponse(reader.ReadString(), reader.ReadTopicId(), reader.ReadSize());
        WireStatus status = reader.End();
        message = status == WireStatus.Ok ? read : null!;
        return status;
    }
}

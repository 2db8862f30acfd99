using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Layout: <c>protocol-spec/messages/delete-topic.md</c>.</summary>
public static class DeleteTopicCodec
{
    public static int Size(in DeleteTopicRequest message) => WireLists.SizeOf(message.Topic);

    public static void Write(ref WireWriter writer, in DeleteTopicRequest message) =>
        WireLists.WriteTopic(ref writer, message.Topic);

    public static WireStatus TryRead(ref WireReader reader, out DeleteTopicRequest message)
    {
        var read = new DeleteTopicRequest(WireLists.ReadTopic(ref reader));
        WireStatus status = reader.End();
        message = status == WireStatus.Ok ? read : null!;
        return status;
    }

    public static int Size(in DeleteTopicResponse message) => WireSize.String(message.Name) + WireSize.Uid;

    public static void Write(ref WireWriter writer, in DeleteTopicResponse message)
    {
        writer.WriteString(message.Name);
        writer.WriteTopicId(message.Id);
    }

    public static WireStatus TryRead(ref WireReader reader, out DeleteTopicResponse message)
    {
        var read = new DeleteTopicResponse(reader.ReadString(), reader.ReadTopicId());
        WireStatus status = reader.End();
        message = status == WireStatus.Ok ? read : null!;
        return status;
    }
}

using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Layout: <c>protocol-spec/messages/alter-topic.md</c>.</summary>
public static class AlterTopicCodec
{
    public static int Size(in AlterTopicRequest message) =>
        WireLists.SizeOf(message.Topic) + WireConfigs.SizeOf(message.Set) + WireSize.Strings(message.Unset);

    public static void Write(ref WireWriter writer, in AlterTopicRequest message)
    {
        WireLists.WriteTopic(ref writer, message.Topic);
        WireConfigs.Write(ref writer, message.Set);
        WireLists.WriteStrings(ref writer, message.Unset);
    }

    public static WireStatus TryRead(ref WireReader reader, out AlterTopicRequest message)
    {
        var read = new AlterTopicRequest(
            WireLists.ReadTopic(ref reader), WireConfigs.ReadEntries(ref reader), WireLists.ReadStrings(ref reader));
        WireStatus status = reader.End();
        message = status == WireStatus.Ok ? read : null!;
        return status;
    }

    public static int Size(in AlterTopicResponse message) =>
        WireSize.String(message.Name) + WireSize.Uid + WireConfigs.SizeOf(message.Configs);

    public static void Write(ref WireWriter writer, in AlterTopicResponse message)
    {
        writer.WriteString(message.Name);
        writer.WriteTopicId(message.Id);
        WireConfigs.Write(ref writer, message.Configs);
    }

    public static WireStatus TryRead(ref WireReader reader, out AlterTopicResponse message)
    {
        var read = new AlterTopicResponse(
            reader.ReadString(), reader.ReadTopicId(), WireConfigs.ReadValues(ref reader));
        WireStatus status = reader.End();
        message = status == WireStatus.Ok ? read : null!;
        return status;
    }
}

using FastLog.Primitives;
using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>The settings are stored and in force.</summary>
/// <param name="Name">The topic's name.</param>
/// <param name="Id">Its id, the same as before.</param>
/// <param name="Configs">All effective settings, ascending by key.</param>
public sealed record AlterTopicResponse(string Name, TopicId Id, IReadOnlyList<ConfigValue> Configs)
    : IMessage<AlterTopicResponse>
{
    static ApiKey IMessage<AlterTopicResponse>.Api => ApiKey.AlterTopic;

    static int IMessage<AlterTopicResponse>.EncodedSize(in AlterTopicResponse message) => AlterTopicCodec.Size(message);

    static void IMessage<AlterTopicResponse>.Encode(ref WireWriter writer, in AlterTopicResponse message) =>
        AlterTopicCodec.Write(ref writer, message);

    static WireStatus IMessage<AlterTopicResponse>.Decode(ref WireReader reader, out AlterTopicResponse message) =>
        AlterTopicCodec.TryRead(ref reader, out message);
}

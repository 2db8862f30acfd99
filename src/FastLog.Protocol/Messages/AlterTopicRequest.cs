using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Changes settings of a topic; those that are not named stay as they are.</summary>
/// <param name="Topic">By name or id.</param>
/// <param name="Set">Settings with their new values; each key once.</param>
/// <param name="Unset">Names of settings that take their default again; none of them in <paramref name="Set"/>.</param>
public sealed record AlterTopicRequest(
    TopicReference Topic, IReadOnlyList<ConfigEntry> Set, IReadOnlyList<string> Unset)
    : IRequest<AlterTopicRequest, AlterTopicResponse>
{
    static ApiKey IMessage<AlterTopicRequest>.Api => ApiKey.AlterTopic;

    static int IMessage<AlterTopicRequest>.EncodedSize(in AlterTopicRequest message) => AlterTopicCodec.Size(message);

    static void IMessage<AlterTopicRequest>.Encode(ref WireWriter writer, in AlterTopicRequest message) =>
        AlterTopicCodec.Write(ref writer, message);

    static WireStatus IMessage<AlterTopicRequest>.Decode(ref WireReader reader, out AlterTopicRequest message) =>
        AlterTopicCodec.TryRead(ref reader, out message);
}

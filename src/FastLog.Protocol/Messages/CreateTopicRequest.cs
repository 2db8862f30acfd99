using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Makes a topic. A name in use is answered with <see cref="ErrorCode.TopicAlreadyExists"/>.</summary>
/// <param name="Name">1 to 249 of <c>A-Z a-z 0-9 . _ -</c>, not <c>.</c> or <c>..</c>.</param>
/// <param name="PartitionCount">From 1; 0: the broker's default.</param>
/// <param name="ReplicationFactor">From 1; 0: the broker's default.</param>
/// <param name="Configs">Settings; each key once.</param>
public sealed record CreateTopicRequest(
    string Name,
    int PartitionCount,
    int ReplicationFactor,
    IReadOnlyList<ConfigEntry> Configs)
    : IRequest<CreateTopicRequest, CreateTopicResponse>
{
    static ApiKey IMessage<CreateTopicRequest>.Api => ApiKey.CreateTopic;

    static int IMessage<CreateTopicRequest>.EncodedSize(in CreateTopicRequest message) =>
        CreateTopicCodec.Size(message);

    static void IMessage<CreateTopicRequest>.Encode(ref WireWriter writer, in CreateTopicRequest message) =>
        CreateTopicCodec.Write(ref writer, message);

    static WireStatus IMessage<CreateTopicRequest>.Decode(ref WireReader reader, out CreateTopicRequest message) =>
        CreateTopicCodec.TryRead(ref reader, out message);
}

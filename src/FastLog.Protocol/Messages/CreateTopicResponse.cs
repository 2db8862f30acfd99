using FastLog.Primitives;
using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>The topic exists, durably.</summary>
/// <param name="Id">Its new id.</param>
/// <param name="PartitionCount">What it got.</param>
/// <param name="ReplicationFactor">What it got.</param>
public sealed record CreateTopicResponse(TopicId Id, int PartitionCount, int ReplicationFactor)
    : IMessage<CreateTopicResponse>
{
    static ApiKey IMessage<CreateTopicResponse>.Api => ApiKey.CreateTopic;

    static int IMessage<CreateTopicResponse>.EncodedSize(in CreateTopicResponse message) =>
        CreateTopicCodec.Size(message);

    static void IMessage<CreateTopicResponse>.Encode(ref WireWriter writer, in CreateTopicResponse message) =>
        CreateTopicCodec.Write(ref writer, message);

    static WireStatus IMessage<CreateTopicResponse>.Decode(ref WireReader reader, out CreateTopicResponse message) =>
        CreateTopicCodec.TryRead(ref reader, out message);
}

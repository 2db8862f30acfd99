using FastLog.Primitives;
using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>The topic is gone, durably.</summary>
public sealed record DeleteTopicResponse(string Name, TopicId Id) : IMessage<DeleteTopicResponse>
{
    static ApiKey IMessage<DeleteTopicResponse>.Api => ApiKey.DeleteTopic;

    static int IMessage<DeleteTopicResponse>.EncodedSize(in DeleteTopicResponse message) =>
        DeleteTopicCodec.Size(message);

    static void IMessage<DeleteTopicResponse>.Encode(ref WireWriter writer, in DeleteTopicResponse message) =>
        DeleteTopicCodec.Write(ref writer, message);

    static WireStatus IMessage<DeleteTopicResponse>.Decode(ref WireReader reader, out DeleteTopicResponse message) =>
        DeleteTopicCodec.TryRead(ref reader, out message);
}

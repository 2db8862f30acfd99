using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Deletes a topic and its records.</summary>
public sealed record DeleteTopicRequest(TopicReference Topic) : IRequest<DeleteTopicRequest, DeleteTopicResponse>
{
    static ApiKey IMessage<DeleteTopicRequest>.Api => ApiKey.DeleteTopic;

    static int IMessage<DeleteTopicRequest>.EncodedSize(in DeleteTopicRequest message) =>
        DeleteTopicCodec.Size(message);

    static void IMessage<DeleteTopicRequest>.Encode(ref WireWriter writer, in DeleteTopicRequest message) =>
        DeleteTopicCodec.Write(ref writer, message);

    static WireStatus IMessage<DeleteTopicRequest>.Decode(ref WireReader reader, out DeleteTopicRequest message) =>
        DeleteTopicCodec.TryRead(ref reader, out message);
}

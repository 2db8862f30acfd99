using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Asks for a topic's settings and the state of its partitions.</summary>
public sealed record DescribeTopicRequest(TopicReference Topic) : IRequest<DescribeTopicRequest, DescribeTopicResponse>
{
    static ApiKey IMessage<DescribeTopicRequest>.Api => ApiKey.DescribeTopic;

    static int IMessage<DescribeTopicRequest>.EncodedSize(in DescribeTopicRequest message) =>
        DescribeTopicCodec.Size(message);

    static void IMessage<DescribeTopicRequest>.Encode(ref WireWriter writer, in DescribeTopicRequest message) =>
        DescribeTopicCodec.Write(ref writer, message);

    static WireStatus IMessage<DescribeTopicRequest>.Decode(ref WireReader reader, out DescribeTopicRequest message) =>
        DescribeTopicCodec.TryRead(ref reader, out message);
}

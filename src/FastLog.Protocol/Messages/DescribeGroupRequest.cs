using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Asks for one group in full.</summary>
public sealed record DescribeGroupRequest(string GroupId)
    : IRequest<DescribeGroupRequest, DescribeGroupResponse>
{
    static ApiKey IMessage<DescribeGroupRequest>.Api => ApiKey.DescribeGroup;

    static int IMessage<DescribeGroupRequest>.EncodedSize(in DescribeGroupRequest message) => DescribeGroupCodec.Size(message);

    static void IMessage<DescribeGroupRequest>.Encode(ref WireWriter writer, in DescribeGroupRequest message) =>
        DescribeGroupCodec.Write(ref writer, message);

    static WireStatus IMessage<DescribeGroupRequest>.Decode(ref WireReader reader, out DescribeGroupRequest message) =>
        DescribeGroupCodec.TryRead(ref reader, out message);
}

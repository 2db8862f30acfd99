using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Forgets a group and all that it committed, durably.</summary>
public sealed record DeleteGroupRequest(string GroupId)
    : IRequest<DeleteGroupRequest, DeleteGroupResponse>
{
    static ApiKey IMessage<DeleteGroupRequest>.Api => ApiKey.DeleteGroup;

    static int IMessage<DeleteGroupRequest>.EncodedSize(in DeleteGroupRequest message) => DeleteGroupCodec.Size(message);

    static void IMessage<DeleteGroupRequest>.Encode(ref WireWriter writer, in DeleteGroupRequest message) =>
        DeleteGroupCodec.Write(ref writer, message);

    static WireStatus IMessage<DeleteGroupRequest>.Decode(ref WireReader reader, out DeleteGroupRequest message) =>
        DeleteGroupCodec.TryRead(ref reader, out message);
}

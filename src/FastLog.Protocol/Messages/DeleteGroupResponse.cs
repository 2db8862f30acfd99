using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>The group is gone.</summary>
/// <param name="PartitionCount">Committed offsets that it had.</param>
public sealed record DeleteGroupResponse(string GroupId, int PartitionCount)
    : IMessage<DeleteGroupResponse>
{
    static ApiKey IMessage<DeleteGroupResponse>.Api => ApiKey.DeleteGroup;

    static int IMessage<DeleteGroupResponse>.EncodedSize(in DeleteGroupResponse message) => DeleteGroupCodec.Size(message);

    static void IMessage<DeleteGroupResponse>.Encode(ref WireWriter writer, in DeleteGroupResponse message) =>
        DeleteGroupCodec.Write(ref writer, message);

    static WireStatus IMessage<DeleteGroupResponse>.Decode(ref WireReader reader, out DeleteGroupResponse message) =>
        DeleteGroupCodec.TryRead(ref reader, out message);
}

using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Layout: <c>protocol-spec/messages/delete-group.md</c>.</summary>
public static class DeleteGroupCodec
{
    public static int Size(in DeleteGroupRequest message) => WireSize.String(message.GroupId);

    public static void Write(ref WireWriter writer, in DeleteGroupRequest message)
    {
        writer.WriteString(message.GroupId);
    }

    public static WireStatus TryRead(ref WireReader reader, out DeleteGroupRequest message)
    {
        var read = new DeleteGroupRequest(reader.ReadString());
        WireStatus status = reader.End();
        message = status == WireStatus.Ok ? read : null!;
        return status;
    }

    public static int Size(in DeleteGroupResponse message) => WireSize.String(message.GroupId) + sizeof(uint);

    public static void Write(ref WireWriter writer, in DeleteGroupResponse message)
    {
        writer.WriteString(message.GroupId);
        writer.WriteSize(message.PartitionCount);
    }

    public static WireStatus TryRead(ref WireReader reader, out DeleteGroupResponse message)
    {
        var read = new DeleteGroupResponse(reader.ReadString(), reader.ReadSize());
        WireStatus status = reader.End();
        message = status == WireStatus.Ok ? read : null!;
        return status;
    }
}

using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Layout: <c>protocol-spec/messages/list-groups.md</c>.</summary>
public static class ListGroupsCodec
{
    private const int GroupSizeMin = WireSize.EmptyString + sizeof(uint) + WireSize.Timestamp;

    public static int Size(in ListGroupsRequest message) => WireSize.String(message.Prefix);

    public static void Write(ref WireWriter writer, in ListGroupsRequest message)
    {
        writer.WriteString(message.Prefix);
    }

    public static WireStatus TryRead(ref WireReader reader, out ListGroupsRequest message)
    {
        var read = new ListGroupsRequest(reader.ReadString());
        WireStatus status = reader.End();
        message = status == WireStatus.Ok ? read : null!;
        return status;
    }

    public static int Size(in ListGroupsResponse message)
    {
        int size = WireSize.Count;
        for (int i = 0; i < message.Groups.Count; i++)
            size += GroupSizeMin - WireSize.EmptyString + WireSize.String(message.Groups[i].GroupId);
        return size;
    }

    public static void Write(ref WireWriter writer, in ListGroupsResponse message)
    {
        writer.WriteSize(message.Groups.Count);
        for (int i = 0; i < message.Groups.Count; i++)
        {
            GroupListing group = message.Groups[i];
            writer.WriteString(group.GroupId);
            writer.WriteSize(group.PartitionCount);
            writer.WriteTimestamp(group.CommittedAt);
        }
    }

    public static WireStatus TryRead(ref WireReader reader, out ListGroupsResponse message)
    {
        var read = new ListGroupsResponse(
            WireLists.ReadArray(ref reader, GroupSizeMin, static (ref WireReader from) =>
                new GroupListing(from.ReadString(), from.ReadSize(), from.ReadTimestamp())));
        WireStatus status = reader.End();
        message = status == WireStatus.Ok ? read : null!;
        return status;
    }
}

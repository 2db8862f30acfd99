using FastLog.Primitives;
using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>The groups, ascending by id.</summary>
public sealed record ListGroupsResponse(IReadOnlyList<GroupListing> Groups)
    : IMessage<ListGroupsResponse>
{
    static ApiKey IMessage<ListGroupsResponse>.Api => ApiKey.ListGroups;

    static int IMessage<ListGroupsResponse>.EncodedSize(in ListGroupsResponse message) => ListGroupsCodec.Size(message);

    static void IMessage<ListGroupsResponse>.Encode(ref WireWriter writer, in ListGroupsResponse message) =>
        ListGroupsCodec.Write(ref writer, message);

    static WireStatus IMessage<ListGroupsResponse>.Decode(ref WireReader reader, out ListGroupsResponse message) =>
        ListGroupsCodec.TryRead(ref reader, out message);
}

/// <summary>A group in short.</summary>
/// <param name="PartitionCount">Partitions with a committed offset.</param>
/// <param name="CommittedAt">The broker's time of the last commit.</param>
public readonly record struct GroupListing(string GroupId, int PartitionCount, Timestamp CommittedAt);

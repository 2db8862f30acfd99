using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Asks for the groups.</summary>
/// <param name="Prefix">Only those whose id begins with it; empty: all.</param>
public sealed record ListGroupsRequest(string Prefix)
    : IRequest<ListGroupsRequest, ListGroupsResponse>
{
    static ApiKey IMessage<ListGroupsRequest>.Api => ApiKey.ListGroups;

    static int IMessage<ListGroupsRequest>.EncodedSize(in ListGroupsRequest message) => ListGroupsCodec.Size(message);

    static void IMessage<ListGroupsRequest>.Encode(ref WireWriter writer, in ListGroupsRequest message) =>
        ListGroupsCodec.Write(ref writer, message);

    static WireStatus IMessage<ListGroupsRequest>.Decode(ref WireReader reader, out ListGroupsRequest message) =>
        ListGroupsCodec.TryRead(ref reader, out message);
}

using FastLog.Broker.Groups;
using FastLog.Broker.Partitions;
using FastLog.Broker.Requests;
using FastLog.Protocol.Messages;

namespace FastLog.Broker.Handlers;

/// <summary>All groups in short.</summary>
internal sealed class ListGroupsHandler(BrokerServices services)
    : RequestHandler<ListGroupsRequest, ListGroupsResponse>(services)
{
    protected override async ValueTask<Answer<ListGroupsResponse>> AnswerAsync(
        ListGroupsRequest request, RequestContext context)
    {
        var groups = new List<GroupListing>();
        foreach (GroupShard shard in Services.Groups.Shards)
        {
            Answer<IReadOnlyList<GroupListing>> listed = await shard.AskAsync(table => List(table, request.Prefix));
            if (!listed.Error.IsNone)
                return listed.Error;
            groups.AddRange(listed.Response!);
        }

        return new ListGroupsResponse([.. groups.OrderBy(group => group.GroupId, StringComparer.Ordinal)]);
    }

    private static Answer<IReadOnlyList<GroupListing>> List(GroupTable table, string prefix)
    {
        IReadOnlyList<GroupListing> listed =
        [
            .. table.GroupIds
                .Where(id => id.StartsWith(prefix, StringComparison.Ordinal))
                .Select(id => new GroupListing(id, table.CountOf(id), table.LastCommitOf(id))),
        ];
        return new Answer<IReadOnlyList<GroupListing>>(listed, RequestError.None);
    }
}

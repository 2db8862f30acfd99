using FastLog.Broker.Groups;
using FastLog.Broker.Partitions;
using FastLog.Broker.Requests;
using FastLog.Protocol.Messages;

namespace FastLog.Broker.Handlers;

/// <summary>Forgets a group.</summary>
internal sealed class DeleteGroupHandler(BrokerServices services)
    : RequestHandler<DeleteGroupRequest, DeleteGroupResponse>(services)
{
    protected override async ValueTask<Answer<DeleteGroupResponse>> AnswerAsync(
        DeleteGroupRequest request, RequestContext context)
    {
        if (Services.IsStopping)
            return RequestErrors.ShuttingDown;
        RequestError error = GroupCoordinator.CheckId(request.GroupId);
        if (!error.IsNone)
            return error;
        if (Services.Groups.Find(request.GroupId) is not { } shard)
            return GroupErrors.Unknown(request.GroupId);
        Answer<int> done = await shard.ChangeAsync(table => Draw(table, request.GroupId));
        return done.Error.IsNone ? new DeleteGroupResponse(request.GroupId, done.Response) : done.Error;
    }

    private static Answer<IReadOnlyList<OffsetChange>> Draw(GroupTable table, string groupId)
    {
        IReadOnlyList<OffsetChange> changes =
            [.. table.OffsetsOf(groupId).Select(offset => new OffsetChange(groupId, offset.Partition, null))];
        return changes.Count == 0
            ? GroupErrors.Unknown(groupId)
            : new Answer<IReadOnlyList<OffsetChange>>(changes, RequestError.None);
    }
}

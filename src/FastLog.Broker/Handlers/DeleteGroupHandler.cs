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
        Answer<IReadOnlyList<OffsetChange>> changes = await shard.AskAsync(table => Draw(table, request.GroupId));
        if (!changes.Error.IsNone)
            return changes.Error;

        // In several appends, each durable before the next: what an error or a crash leaves is there for the next attempt.
        int forgotten = 0;
        foreach (OffsetChange[] some in changes.Response!.Chunk(BrokerLimits.ForgottenAtOnceMax))
        {
            Answer<int> done = await shard.ChangeAsync(_ => new Answer<IReadOnlyList<OffsetChange>>(some, RequestError.None));
            if (!done.Error.IsNone)
                return done.Error;
            forgotten += done.Response;
        }

        return new DeleteGroupResponse(request.GroupId, forgotten);
    }

    private static Answer<IReadOnlyList<OffsetChange>> Draw(GroupTable table, string groupId)
    {
        IReadOnlyList<OffsetChange> changes =
            [.. table.PartitionsOf(groupId).Select(partition => new OffsetChange(groupId, partition, null))];
        return changes.Count == 0
            ? GroupErrors.Unknown(groupId)
            : new Answer<IReadOnlyList<OffsetChange>>(changes, RequestError.None);
    }
}

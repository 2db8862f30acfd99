using FastLog.Broker.Groups;
using FastLog.Broker.Partitions;
using FastLog.Broker.Requests;
using FastLog.Primitives;
using FastLog.Protocol.Messages;

namespace FastLog.Broker.Handlers;

/// <summary>Where a group will go on.</summary>
internal sealed class FetchOffsetsHandler(BrokerServices services)
    : RequestHandler<FetchOffsetsRequest, FetchOffsetsResponse>(services)
{
    protected override async ValueTask<Answer<FetchOffsetsResponse>> AnswerAsync(
        FetchOffsetsRequest request, RequestContext context)
    {
        RequestError error = GroupCoordinator.CheckId(request.GroupId);
        if (!error.IsNone)
            return error;
        if (request.Partitions.Count > BrokerLimits.PartitionsPerRequestMax)
            return RequestChecks.PartitionCount(request.Partitions.Count);
        if (Services.Groups.Find(request.GroupId) is { } shard)
            return await shard.AskAsync<FetchOffsetsResponse>(table => Find(table, request));
        return new FetchOffsetsResponse([.. request.Partitions.Select(Nothing)]);
    }

    private static FetchOffsetsResponse Find(GroupTable table, FetchOffsetsRequest request)
    {
        if (request.Partitions.Count == 0)
            return new FetchOffsetsResponse([.. table.OffsetsOf(request.GroupId).Select(Found)]);
        return new FetchOffsetsResponse(
        [
            .. request.Partitions.Select(wanted => table.TryFind(request.GroupId, wanted.Partition, out CommittedOffset committed)
                ? Found(new GroupOffset(wanted.Partition, committed))
                : Nothing(wanted)),
        ]);
    }

    private static FetchOffsetsPartitionResponse Found(GroupOffset offset) =>
        new(offset.Partition, offset.Value.Offset, offset.Value.LeaderEpoch, offset.Value.Metadata);

    private static FetchOffsetsPartitionResponse Nothing(FetchOffsetsPartitionRequest wanted) =>
        new(wanted.Partition, LogOffset.None, LeaderEpoch.None, "");
}

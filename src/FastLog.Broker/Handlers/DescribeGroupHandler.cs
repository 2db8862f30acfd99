using FastLog.Broker.Groups;
using FastLog.Broker.Partitions;
using FastLog.Broker.Requests;
using FastLog.Primitives;
using FastLog.Protocol.Messages;

namespace FastLog.Broker.Handlers;

/// <summary>A group with how far it is behind.</summary>
internal sealed class DescribeGroupHandler(BrokerServices services)
    : RequestHandler<DescribeGroupRequest, DescribeGroupResponse>(services)
{
    protected override async ValueTask<Answer<DescribeGroupResponse>> AnswerAsync(
        DescribeGroupRequest request, RequestContext context)
    {
        RequestError error = GroupCoordinator.CheckId(request.GroupId);
        if (!error.IsNone)
            return error;
        Answer<IReadOnlyList<GroupOffset>> found = GroupErrors.Unknown(request.GroupId);
        if (Services.Groups.Find(request.GroupId) is { } shard)
        {
            found = await shard.AskAsync(table =>
                new Answer<IReadOnlyList<GroupOffset>>(table.OffsetsOf(request.GroupId), RequestError.None));
        }

        if (!found.Error.IsNone)
            return found.Error;
        GroupPartitionDescription[] partitions =
        [
            .. found.Response!.SelectMany(Describe)
                .OrderBy(partition => partition.Topic, StringComparer.Ordinal)
                .ThenBy(partition => partition.Partition.Partition.Value),
        ];
        return found.Response!.Count == 0
            ? GroupErrors.Unknown(request.GroupId)
            : new DescribeGroupResponse(request.GroupId, GroupGeneration.None, partitions);
    }

    // Of a topic that was deleted, what is committed is about to be forgotten.
    private IEnumerable<GroupPartitionDescription> Describe(GroupOffset found)
    {
        if (!Services.Topics.TryFind(found.Partition, out PartitionLeader? leader, out _))
            yield break;
        LogOffset start = LogOffset.None;
        LogOffset end = LogOffset.None;
        if (leader.TryGetLog(out Storage.PartitionLog? log, out _))
        {
            start = log.LogStart;
            end = PartitionLeader.HighWatermark(log);
        }

        CommittedOffset committed = found.Value;
        yield return new GroupPartitionDescription(
            leader.Topic.Topic.Name, found.Partition, committed.Offset, committed.LeaderEpoch, committed.Metadata, committed.At,
            start, end);
    }
}

using System.Text;
using FastLog.Broker.Groups;
using FastLog.Broker.Partitions;
using FastLog.Broker.Requests;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Messages;

namespace FastLog.Broker.Handlers;

/// <summary>Stores where a group will go on; answered when it is durable.</summary>
internal sealed class CommitOffsetsHandler(BrokerServices services)
    : RequestHandler<CommitOffsetsRequest, CommitOffsetsResponse>(services)
{
    protected override async ValueTask<Answer<CommitOffsetsResponse>> AnswerAsync(
        CommitOffsetsRequest request, RequestContext context)
    {
        RequestError error = Check(request);
        if (!error.IsNone)
            return error;
        var answers = new CommitOffsetsPartitionResponse[request.Partitions.Count];
        var changes = new List<OffsetChange>(answers.Length);
        Timestamp now = Services.Ports.Clock.WallNow;
        for (int i = 0; i < answers.Length; i++)
        {
            CommitOffsetsPartitionRequest wanted = request.Partitions[i];
            RequestError problem = Check(wanted);
            answers[i] = new CommitOffsetsPartitionResponse(
                wanted.Partition, problem.Code, RequestChecks.Sentence(problem.Message, answers.Length));
            var committed = new CommittedOffset(wanted.Offset, wanted.LeaderEpoch, wanted.Metadata, now);
            if (problem.IsNone)
                changes.Add(new OffsetChange(request.GroupId, wanted.Partition, committed));
        }

        if (changes.Count == 0)
            return new CommitOffsetsResponse(answers);
        Answer<GroupShard> shard = await Services.Groups.OpenAsync(request.GroupId, context.TimeLeft);
        if (!shard.Error.IsNone)
            return shard.Error;
        Answer<int> done = await shard.Response!.ChangeAsync(table => Draw(table, changes));
        return done.Error.IsNone ? new CommitOffsetsResponse(answers) : done.Error;
    }

    private Answer<IReadOnlyList<OffsetChange>> Draw(GroupTable table, IReadOnlyList<OffsetChange> changes)
    {
        int added = 0;
        long bytes = 0;
        foreach (OffsetChange change in changes)
        {
            bytes += OffsetRecord.SizeOf(change.GroupId, change.Value!.Value);
            if (table.TryFind(change.GroupId, change.Partition, out CommittedOffset former))
                bytes -= OffsetRecord.SizeOf(change.GroupId, former);
            else
                added++;
        }

        GroupCoordinator groups = Services.Groups;
        if (added > 0 && groups.OffsetCount + added > BrokerLimits.CommittedOffsetsMax)
            return TooMany($"there are {BrokerLimits.CommittedOffsetsMax} committed offsets");
        if (bytes > 0 && groups.OffsetBytes + bytes > BrokerLimits.CommittedOffsetBytesMax)
            return TooMany($"the committed offsets have {BrokerLimits.CommittedOffsetBytesMax} bytes with their groups' ids and metadata");
        return new Answer<IReadOnlyList<OffsetChange>>(changes, RequestError.None);
    }

    private static RequestError TooMany(string what) => new(ErrorCode.Busy, $"{what}, which is the limit; delete groups");

    private RequestError Check(CommitOffsetsRequest request)
    {
        if (Services.IsStopping)
            return RequestErrors.ShuttingDown;
        RequestError error = GroupCoordinator.CheckId(request.GroupId);
        if (!error.IsNone)
            return error;
        if (request.MemberId.Length > 0 || !request.Generation.IsNone)
        {
            return new RequestError(
                ErrorCode.UnknownMember, $"group '{request.GroupId}' has no member '{request.MemberId}': nobody can join groups yet");
        }

        if (request.Partitions.Count is 0 or > BrokerLimits.PartitionsPerRequestMax)
            return RequestChecks.PartitionCount(request.Partitions.Count);
        return RequestChecks.AllDifferent<CommitOffsetsPartitionRequest>(
            request.Partitions.ToArray(), static partition => partition.Partition);
    }

    private RequestError Check(in CommitOffsetsPartitionRequest wanted)
    {
        if (!Services.Topics.TryFind(wanted.Partition, out _, out RequestError error))
            return error;
        if (wanted.Offset.IsNone)
            return new RequestError(ErrorCode.InvalidRequest, "an offset to commit is 0 or more");
        int size = Encoding.UTF8.GetByteCount(wanted.Metadata);
        return size <= MessageLimits.OffsetMetadataSizeMax
            ? RequestError.None
            : new RequestError(
                ErrorCode.InvalidRequest, $"metadata of {size} bytes; allowed are {MessageLimits.OffsetMetadataSizeMax}");
    }
}

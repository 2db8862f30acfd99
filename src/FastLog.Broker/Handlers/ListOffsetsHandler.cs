using FastLog.Broker.Partitions;
using FastLog.Broker.Requests;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Messages;
using FastLog.Storage;

namespace FastLog.Broker.Handlers;

/// <summary>Earliest and latest offsets, and offsets by time.</summary>
internal sealed class ListOffsetsHandler(BrokerServices services)
    : RequestHandler<ListOffsetsRequest, ListOffsetsResponse>(services)
{
    protected override async ValueTask<Answer<ListOffsetsResponse>> AnswerAsync(
        ListOffsetsRequest request, RequestContext context)
    {
        int count = request.Partitions.Count;
        if (count is 0 or > BrokerLimits.PartitionsPerRequestMax)
            return RequestChecks.PartitionCount(count);
        var answers = new ListOffsetsPartitionResponse[count];
        for (int i = 0; i < count; i++)
        {
            if (context.Connection.Ledger.IsClosed)
                return RequestErrors.ShuttingDown;
            answers[i] = await FindAsync(request.Partitions[i], count);
        }

        return new ListOffsetsResponse(answers);
    }

    private async ValueTask<ListOffsetsPartitionResponse> FindAsync(ListOffsetsPartitionRequest wanted, int count)
    {
        if (!Services.Topics.TryFind(wanted.Partition, out PartitionLeader? leader, out RequestError error))
            return Refused(wanted.Partition, error, count);
        if (!leader.TryGetLog(out PartitionLog? log, out error))
        {
            Services.Opener.Prioritize(leader);
            return Refused(wanted.Partition, error, count);
        }

        error = PartitionLeader.CheckEpoch(wanted.CurrentLeaderEpoch, log);
        if (!error.IsNone)
            return Refused(wanted.Partition, error, count);
        switch (wanted.Query)
        {
            case OffsetQuery.Earliest:
                return Found(wanted.Partition, log.LogStart, Timestamp.None, log);
            case OffsetQuery.Latest:
                return Found(wanted.Partition, PartitionLeader.HighWatermark(log), Timestamp.None, log);
            default:
                return await FindByTimeAsync(wanted, leader, log, count);
        }
    }

    private static async ValueTask<ListOffsetsPartitionResponse> FindByTimeAsync(
        ListOffsetsPartitionRequest wanted, PartitionLeader leader, PartitionLog log, int count)
    {
        try
        {
            OffsetLookup found = await log.FindByTimestampAsync(wanted.At);
            return Found(wanted.Partition, found.Offset, found.Timestamp, log);
        }
        catch (StorageException cause)
        {
            PartitionStatus status = leader.Status;
            RequestError error = (status.State, cause.Kind) switch
            {
                (PartitionState.Deleted, _) => status.Error,
                (_, StorageErrorKind.Closed) => RequestErrors.ShuttingDown,
                (_, StorageErrorKind.Damaged) => new RequestError(ErrorCode.CorruptLog, cause.Message),
                _ => new RequestError(ErrorCode.UnknownServerError, cause.Message),
            };
            return Refused(wanted.Partition, error, count);
        }
    }

    private static ListOffsetsPartitionResponse Found(
        TopicPartition partition, LogOffset offset, Timestamp at, PartitionLog log) =>
        new(partition, ErrorCode.None, "", offset, at, log.LeaderEpoch);

    private static ListOffsetsPartitionResponse Refused(TopicPartition partition, in RequestError error, int count) => new(
        partition, error.Code, RequestChecks.Sentence(error.Message, count), LogOffset.None, Timestamp.None, LeaderEpoch.None);
}

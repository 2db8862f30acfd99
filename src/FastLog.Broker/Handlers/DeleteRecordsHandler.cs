using FastLog.Broker.Partitions;
using FastLog.Broker.Requests;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Messages;
using FastLog.Storage;

namespace FastLog.Broker.Handlers;

/// <summary>Moves log starts up, so that what lies below is deleted.</summary>
internal sealed class DeleteRecordsHandler(BrokerServices services)
    : RequestHandler<DeleteRecordsRequest, DeleteRecordsResponse>(services)
{
    protected override async ValueTask<Answer<DeleteRecordsResponse>> AnswerAsync(
        DeleteRecordsRequest request, RequestContext context)
    {
        int count = request.Partitions.Count;
        if (count is 0 or > BrokerLimits.PartitionsPerRequestMax)
            return RequestChecks.PartitionCount(count);
        var answers = new DeleteRecordsPartitionResponse[count];
        for (int i = 0; i < count; i++)
        {
            if (context.Connection.Ledger.IsClosed)
                return RequestErrors.ShuttingDown;
            answers[i] = await DeleteAsync(request.Partitions[i], count);
        }

        return new DeleteRecordsResponse(answers);
    }

    private async ValueTask<DeleteRecordsPartitionResponse> DeleteAsync(DeleteRecordsPartitionRequest wanted, int count)
    {
        if (!Services.Topics.TryFind(wanted.Partition, out PartitionLeader? leader, out RequestError error))
            return Refused(wanted.Partition, error, count);
        if (leader.Topic.IsInternal)
            return Refused(wanted.Partition, RequestErrors.Internal(leader.Topic.Topic.Name), count);
        if (!leader.TryGetLog(out PartitionLog? log, out error))
        {
            Services.Opener.Prioritize(leader);
            return Refused(wanted.Partition, error, count);
        }

        error = PartitionLeader.CheckEpoch(wanted.CurrentLeaderEpoch, log);
        if (!error.IsNone)
            return Refused(wanted.Partition, error, count);
        LogOffset end = PartitionLeader.HighWatermark(log);
        LogOffset before = wanted.Before.IsNone ? end : wanted.Before;
        if (before > end)
        {
            string range = $"offset {before} is above the high watermark; the log has {log.LogStart} to {end}";
            return Refused(wanted.Partition, new RequestError(ErrorCode.OffsetOutOfRange, range), count);
        }

        try
        {
            LogOffset start = await log.TrimPrefixAsync(before);
            return new DeleteRecordsPartitionResponse(wanted.Partition, ErrorCode.None, "", start);
        }
        catch (StorageException cause)
        {
            return Refused(wanted.Partition, ErrorOf(leader, cause), count);
        }
    }

    private static RequestError ErrorOf(PartitionLeader leader, StorageException cause)
    {
        PartitionStatus status = leader.Status;
        return (status.State, cause.Kind) switch
        {
            (PartitionState.Deleted, _) => status.Error,
            (_, StorageErrorKind.Closed) => RequestErrors.ShuttingDown,
            (_, StorageErrorKind.DiskFull) => new RequestError(ErrorCode.DiskFull, cause.Message),
            _ => new RequestError(ErrorCode.LogFenced, cause.Message),
        };
    }

    private static DeleteRecordsPartitionResponse Refused(TopicPartition partition, in RequestError error, int count) =>
        new(partition, error.Code, RequestChecks.Sentence(error.Message, count), LogOffset.None);
}

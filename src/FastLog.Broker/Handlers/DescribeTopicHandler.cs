using FastLog.Broker.Partitions;
using FastLog.Broker.Requests;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Messages;
using FastLog.Storage;

namespace FastLog.Broker.Handlers;

/// <summary>A topic's settings and the state of its partitions.</summary>
internal sealed class DescribeTopicHandler(BrokerServices services)
    : RequestHandler<DescribeTopicRequest, DescribeTopicResponse>(services)
{
    protected override ValueTask<Answer<DescribeTopicResponse>> AnswerAsync(DescribeTopicRequest request, RequestContext context)
    {
        if (!Services.Topics.TryFind(request.Topic, out TopicEntry? entry, out RequestError error))
            return new(error);
        PartitionDescription[] partitions = [.. entry.Partitions.Select(Describe)];
        return new(new DescribeTopicResponse(
            entry.Topic.Name, entry.Topic.Id, entry.IsInternal, entry.Topic.ReplicationFactor, entry.Config.Values, partitions));
    }

    private PartitionDescription Describe(PartitionLeader partition)
    {
        int count = partition.Topic.Partitions.Count;
        if (!partition.TryGetLog(out PartitionLog? log, out RequestError error))
        {
            return new PartitionDescription(
                partition.Id.Partition, error.Code, RequestChecks.Sentence(error.Message, count), Services.NodeId,
                LeaderEpoch.None, LogOffset.None, LogOffset.None, LogOffset.None, 0, 0);
        }

        StorageFault? fault = log.Fault;
        string message = fault is null ? "" : $"the log takes no more records: {fault.Message}";
        return new PartitionDescription(
            partition.Id.Partition,
            fault is null ? ErrorCode.None : ErrorCode.LogFenced,
            RequestChecks.Sentence(message, count),
            Services.NodeId,
            log.LeaderEpoch,
            log.LogStart,
            log.LogEnd,
            PartitionLeader.HighWatermark(log),
            log.SizeBytes,
            log.SegmentCount);
    }
}

using FastLog.Broker.Partitions;
using FastLog.Broker.Requests;
using FastLog.Broker.Topics;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Messages;

namespace FastLog.Broker.Handlers;

/// <summary>Brokers and topics; a broker for development makes what is missing.</summary>
internal sealed class MetadataHandler(BrokerServices services) : RequestHandler<MetadataRequest, MetadataResponse>(services)
{
    protected override async ValueTask<Answer<MetadataResponse>> AnswerAsync(MetadataRequest request, RequestContext context)
    {
        if (request.Names.Count + request.Ids.Count > BrokerLimits.TopicsPerRequestMax)
        {
            return new RequestError(
                ErrorCode.InvalidRequest, $"more than {BrokerLimits.TopicsPerRequestMax} topics in one metadata request");
        }

        if (request.AllTopics && request.Names.Count + request.Ids.Count > 0)
            return new RequestError(ErrorCode.InvalidRequest, "all topics are asked for, and some by name or id as well");
        var topics = new List<TopicMetadata>();
        if (request.AllTopics)
            topics.AddRange(Services.Topics.All().Select(Describe));
        foreach (string name in request.Names)
            topics.Add(await DescribeAsync(name, request.AllowAutoCreate, context));
        foreach (TopicId id in request.Ids)
            topics.Add(Describe(id));
        (string host, int port) = Services.Advertised;
        BrokerMetadata[] brokers = [new(Services.NodeId, host, port, Rack: "")];
        return new MetadataResponse(Services.ClusterId, Services.NodeId, brokers, topics);
    }

    private async ValueTask<TopicMetadata> DescribeAsync(string name, bool mayCreate, RequestContext context)
    {
        if (Services.Topics.TryFind(name, out TopicEntry? entry))
            return Describe(entry);
        if (TopicName.Problem(name) is { } problem)
            return Missing(name, TopicId.None, new RequestError(ErrorCode.InvalidTopicName, problem));
        if (!mayCreate || !Services.Options.AutoCreateTopics || Services.IsStopping)
            return Missing(name, TopicId.None, Services.Topics.Unknown(name));
        TopicChange change = await Services.Manager.CreateAsync(new CreateTopicRequest(name, 0, 0, []));
        if (change.Entry is null)
            return Missing(name, TopicId.None, change.Error);
        await PartitionWait.UntilSettledAsync(change.Entry, context.TimeLeft, Services.Ports);
        return Describe(change.Entry);
    }

    private TopicMetadata Describe(TopicId id)
    {
        if (Services.Topics.TryFind(TopicReference.ById(id), out TopicEntry? entry, out RequestError error))
            return Describe(entry);
        return Missing("", id, error);
    }

    private static TopicMetadata Missing(string name, TopicId id, in RequestError error) =>
        new(error.Code, error.Message, name, id, IsInternal: false, []);

    private TopicMetadata Describe(TopicEntry entry) => new(
        ErrorCode.None, "", entry.Topic.Name, entry.Topic.Id, entry.IsInternal, [.. entry.Partitions.Select(Describe)]);

    private PartitionMetadata Describe(PartitionLeader partition)
    {
        LeaderEpoch epoch = LeaderEpoch.None;
        if (partition.TryGetLog(out Storage.PartitionLog? log, out RequestError error))
            epoch = log.LeaderEpoch;
        NodeId[] self = [Services.NodeId];
        return new PartitionMetadata(partition.Id.Partition, error.Code, Services.NodeId, epoch, self, self);
    }
}

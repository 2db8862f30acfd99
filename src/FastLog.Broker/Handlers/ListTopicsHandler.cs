using FastLog.Broker.Requests;
using FastLog.Protocol.Messages;

namespace FastLog.Broker.Handlers;

/// <summary>All topics in short.</summary>
internal sealed class ListTopicsHandler(BrokerServices services) : RequestHandler<ListTopicsRequest, ListTopicsResponse>(services)
{
    protected override ValueTask<Answer<ListTopicsResponse>> AnswerAsync(ListTopicsRequest request, RequestContext context)
    {
        TopicListing[] topics =
        [
            .. Services.Topics.All().Where(entry => request.IncludeInternal || !entry.IsInternal).Select(entry => new TopicListing(
                entry.Topic.Name, entry.Topic.Id, entry.Topic.PartitionCount, entry.Topic.ReplicationFactor, entry.IsInternal)),
        ];
        return new(new ListTopicsResponse(topics));
    }
}

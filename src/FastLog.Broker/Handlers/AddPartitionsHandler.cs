using FastLog.Broker.Partitions;
using FastLog.Broker.Requests;
using FastLog.Protocol.Messages;

namespace FastLog.Broker.Handlers;

/// <summary>Adds partitions to a topic and waits until they are served, as long as the request's time allows.</summary>
internal sealed class AddPartitionsHandler(BrokerServices services)
    : RequestHandler<AddPartitionsRequest, AddPartitionsResponse>(services)
{
    protected override async ValueTask<Answer<AddPartitionsResponse>> AnswerAsync(
        AddPartitionsRequest request, RequestContext context)
    {
        if (Services.IsStopping)
            return RequestErrors.ShuttingDown;
        TopicChange change = await Services.Manager.AddPartitionsAsync(request);
        if (!change.Error.IsNone)
            return change.Error;
        await PartitionWait.UntilSettledAsync(change.Entry!, context.TimeLeft, Services.Ports);
        var topic = change.Entry!.Topic;
        return new AddPartitionsResponse(topic.Name, topic.Id, topic.PartitionCount);
    }
}

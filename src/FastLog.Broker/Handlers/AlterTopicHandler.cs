using FastLog.Broker.Partitions;
using FastLog.Broker.Requests;
using FastLog.Protocol.Messages;

namespace FastLog.Broker.Handlers;

/// <summary>Changes a topic's settings.</summary>
internal sealed class AlterTopicHandler(BrokerServices services) : RequestHandler<AlterTopicRequest, AlterTopicResponse>(services)
{
    protected override async ValueTask<Answer<AlterTopicResponse>> AnswerAsync(AlterTopicRequest request, RequestContext context)
    {
        if (Services.IsStopping)
            return RequestErrors.ShuttingDown;
        TopicChange change = await Services.Manager.AlterAsync(request);
        return change.Error.IsNone
            ? new AlterTopicResponse(change.Entry!.Topic.Name, change.Entry.Topic.Id, change.Entry.Config.Values)
            : change.Error;
    }
}

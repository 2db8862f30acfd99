using FastLog.Broker.Partitions;
using FastLog.Broker.Requests;
using FastLog.Protocol.Messages;

namespace FastLog.Broker.Handlers;

/// <summary>Ends a topic.</summary>
internal sealed class DeleteTopicHandler(BrokerServices services) : RequestHandler<DeleteTopicRequest, DeleteTopicResponse>(services)
{
    protected override async ValueTask<Answer<DeleteTopicResponse>> AnswerAsync(
        DeleteTopicRequest request, RequestContext context)
    {
        if (Services.IsStopping)
            return RequestErrors.ShuttingDown;
        TopicChange change = await Services.Manager.DeleteAsync(request.Topic);
        if (change.Error.IsNone)
            Services.Groups.TopicDeleted();
        return change.Error.IsNone
            ? new DeleteTopicResponse(change.Entry!.Topic.Name, change.Entry.Topic.Id)
            : change.Error;
    }
}

using FastLog.Broker.Partitions;
using FastLog.Broker.Producers;
using FastLog.Broker.Requests;
using FastLog.Protocol;
using FastLog.Protocol.Messages;

namespace FastLog.Broker.Handlers;

/// <summary>Gives a producer its id.</summary>
internal sealed class InitProducerHandler(BrokerServices services)
    : RequestHandler<InitProducerRequest, InitProducerResponse>(services)
{
    protected override async ValueTask<Answer<InitProducerResponse>> AnswerAsync(
        InitProducerRequest request, RequestContext context)
    {
        if (Services.IsStopping)
            return RequestErrors.ShuttingDown;
        try
        {
            return new InitProducerResponse(await Services.ProducerIds.NextAsync(), ProducerEpoch: 0);
        }
        catch (ProducerIdStoreException cause)
        {
            Services.Log.ProducerIdsFailed(cause);
            return new RequestError(ErrorCode.ProducerIdsNotAvailable, cause.Message);
        }
    }
}

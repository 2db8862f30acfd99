using FastLog.Broker.Partitions;
using FastLog.Broker.Requests;
using FastLog.Protocol;
using FastLog.Protocol.Frames;
using FastLog.Protocol.Messages;

namespace FastLog.Broker.Handlers;

/// <summary>Opens a connection: who answers, what is known, and the limits.</summary>
internal sealed class HelloHandler(BrokerServices services) : RequestHandler<HelloRequest, HelloResponse>(services)
{
    private const string ServerName = "fastlog";

    private static readonly string ServerVersion =
        typeof(HelloHandler).Assembly.GetName().Version?.ToString(fieldCount: 3) ?? "0";

    // The peer expects another broker: nothing it could say here would be meant for this one.
    protected override void AfterAnswer(ClientConnection connection)
    {
        if (!connection.IsOpen)
            connection.CloseWhenSent("the client expects another broker");
    }

    protected override ValueTask<Answer<HelloResponse>> AnswerAsync(HelloRequest request, RequestContext context)
    {
        if (!request.ClusterId.IsNone && request.ClusterId != Services.ClusterId)
        {
            return new(new RequestError(
                ErrorCode.WrongCluster, $"this broker belongs to cluster {Services.ClusterId}, not to {request.ClusterId}"));
        }

        if (request.NodeId.Value > 0 && request.NodeId != Services.NodeId)
            return new(new RequestError(ErrorCode.WrongNode, $"this broker is node {Services.NodeId}, not {request.NodeId}"));

        var limits = new ConnectionLimits(
            FrameLimits.FrameSizeMaxDefault,
            MessageLimits.BatchSizeMaxDefault,
            Services.Options.FetchSizeMax,
            Services.Options.RequestsInFlightMax,
            Services.Options.IdleTimeout);
        context.Connection.Open();
        return new(new HelloResponse(
            ServerName, ServerVersion, Services.ClusterId, Services.NodeId, MessageCatalog.Ranges, Features: [], limits));
    }
}

using FastLog.Broker.Partitions;
using FastLog.Broker.Requests;
using FastLog.Protocol;
using FastLog.Protocol.Frames;
using FastLog.Transport;

namespace FastLog.Broker.Producing;

/// <summary>Appends batches. Does no work per record, and none per request that outlives it: operations are pooled.</summary>
internal sealed class ProduceHandler(BrokerServices services) : IRequestHandler
{
    private readonly ProduceOperationPool _pool = new(services);

    public ApiKey Key => ApiKey.Produce;

    public void Handle(ClientConnection connection, InboundFrame frame, TimeSpan? timeLeft)
    {
        FrameHeader header = frame.Header;
        ProduceOperation operation = _pool.Rent();
        RequestError error = operation.TryRead(connection, frame, timeLeft);
        if (error.IsNone)
        {
            operation.Run();
            return;
        }

        _pool.Return(operation);
        frame.Dispose();
        if (header.Kind == FrameKind.Request)
            connection.SendError(header, error);
    }
}

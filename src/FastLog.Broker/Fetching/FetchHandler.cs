using FastLog.Broker.Partitions;
using FastLog.Broker.Requests;
using FastLog.Protocol;
using FastLog.Protocol.Frames;
using FastLog.Protocol.Messages;
using FastLog.Protocol.Wire;
using FastLog.Transport;

namespace FastLog.Broker.Fetching;

/// <summary>Reads batches as file regions, waiting a while when there are too few.</summary>
internal sealed class FetchHandler(BrokerServices services) : IRequestHandler
{
    public ApiKey Key => ApiKey.Fetch;

    public void Handle(ClientConnection connection, InboundFrame frame, TimeSpan? timeLeft)
    {
        FrameHeader header = frame.Header;
        var reader = new WireReader(frame.Body.Span, header.PayloadSize);
        WireStatus status = FetchCodec.TryRead(ref reader, out FetchRequest request);
        frame.Dispose();
        RequestError error = status == WireStatus.Ok ? Check(request) : RequestErrors.Malformed(header, status);
        if (!error.IsNone)
        {
            connection.SendError(header, error);
            return;
        }

        TimeSpan wait = request.WaitMax < BrokerLimits.FetchWaitMax ? request.WaitMax : BrokerLimits.FetchWaitMax;
        if (timeLeft is { } left && left < wait)
            wait = left;
        new FetchOperation(services, connection, header, request, wait).Start();
    }

    private RequestError Check(in FetchRequest request)
    {
        if (services.IsStopping)
            return RequestErrors.ShuttingDown;
        ReadOnlySpan<FetchPartitionRequest> partitions = request.Partitions.Span;
        if (partitions.Length is 0 or > BrokerLimits.PartitionsPerRequestMax)
            return RequestChecks.PartitionCount(partitions.Length);
        return RequestChecks.AllDifferent(partitions, static partition => partition.Partition);
    }
}

using System.Net;
using FastLog.Transport;

namespace FastLog.Broker;

/// <summary>Tells the transport's events to the broker's log.</summary>
internal sealed class TransportEvents(IBrokerLog log) : ITransportLog
{
    public void ConnectionOpened(EndPoint remoteAddress)
    {
        BrokerMetrics.ConnectionOpened();
        log.Tell(BrokerEventKind.ConnectionOpened, BrokerEventLevel.Debug, $"connection from {remoteAddress}");
    }

    public void ConnectionClosed(EndPoint remoteAddress, CloseReason reason, in ConnectionCounts counts)
    {
        BrokerMetrics.ConnectionClosed(reason.Kind, counts);
        BrokerEventLevel level = reason.IsPeersFault ? BrokerEventLevel.Warning : BrokerEventLevel.Debug;
        log.Tell(
            BrokerEventKind.ConnectionClosed, level,
            $"connection from {remoteAddress} closed: {reason.Kind}: {reason.Details} " +
            $"(received {counts.FramesReceived} frames, {counts.BytesReceived} bytes; sent {counts.FramesSent}, {counts.BytesSent})");
    }

    public void ConnectionRefused(EndPoint remoteAddress, CloseReason reason)
    {
        BrokerMetrics.ConnectionRefused(reason.Kind);
        log.Tell(
            BrokerEventKind.ConnectionRefused, BrokerEventLevel.Warning, $"connection from {remoteAddress} refused: {reason.Details}");
    }

    public void AcceptFailed(Exception cause) => log.Tell(
        BrokerEventKind.AcceptFailed, BrokerEventLevel.Warning, $"a connection could not be accepted: {cause.Message}", cause);

    public void HandlerFailed(EndPoint remoteAddress, Exception cause) => log.Tell(
        BrokerEventKind.RequestFailed, BrokerEventLevel.Error,
        $"the connection from {remoteAddress} is closed, its handler failed: {cause.Message}", cause);
}

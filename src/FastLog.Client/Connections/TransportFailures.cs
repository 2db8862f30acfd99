using System.Net;
using FastLog.Transport;

namespace FastLog.Client;

/// <summary>Passes on what would be our own bug; the rest is told by the links.</summary>
internal sealed class TransportFailures(ClientLog? log) : ITransportLog
{
    public void ConnectionOpened(EndPoint remoteAddress)
    {
    }

    public void ConnectionClosed(EndPoint remoteAddress, CloseReason reason, in ConnectionCounts counts)
    {
    }

    public void ConnectionRefused(EndPoint remoteAddress, CloseReason reason)
    {
    }

    public void AcceptFailed(Exception cause)
    {
    }

    public void HandlerFailed(EndPoint remoteAddress, Exception cause) =>
        log?.Invoke(ClientLogLevel.Error, $"internal error on the connection to {remoteAddress}", cause);
}

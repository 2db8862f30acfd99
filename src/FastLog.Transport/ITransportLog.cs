using System.Net;

namespace FastLog.Transport;

/// <summary>What the transport tells to diagnostics. Called from any thread; must be short and must not throw.</summary>
public interface ITransportLog
{
    void ConnectionOpened(EndPoint remoteAddress);

    void ConnectionClosed(EndPoint remoteAddress, CloseReason reason, in ConnectionCounts counts);

    /// <summary>A connection was closed before it was served.</summary>
    void ConnectionRefused(EndPoint remoteAddress, CloseReason reason);

    /// <summary>Accepting failed once; the server goes on.</summary>
    void AcceptFailed(Exception cause);

    /// <summary>A handler threw: our own bug. The connection closes.</summary>
    void HandlerFailed(EndPoint remoteAddress, Exception cause);
}

/// <summary>Tells nothing.</summary>
public sealed class SilentTransportLog : ITransportLog
{
    public static readonly SilentTransportLog Instance = new();

    private SilentTransportLog()
    {
    }

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

    public void HandlerFailed(EndPoint remoteAddress, Exception cause)
    {
    }
}

/// <summary>What went over one connection so far. Bytes count whole frames.</summary>
public readonly record struct ConnectionCounts(
    long FramesReceived, long BytesReceived, long FramesSent, long BytesSent, long Sends);

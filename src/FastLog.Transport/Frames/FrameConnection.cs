using System.Net;
using FastLog.Primitives;
using FastLog.Transport.Network;

namespace FastLog.Transport;

public sealed class FrameConnection : IAsyncDisposable
{
    public FrameConnection(
        IByteConnection connection, IFrameHandler handler, FrameConnectionOptions options, RuntimePorts ports, ITransportLog? log = null) =>
        throw new NotSupportedException("not filled in yet");

    public EndPoint RemoteAddress => throw new NotSupportedException("not filled in yet");

    public ConnectionCounts Counts => throw new NotSupportedException("not filled in yet");

    public long QueuedBytes => throw new NotSupportedException("not filled in yet");

    /// <summary>Cancelled when the connection closes.</summary>
    public CancellationToken Closed => throw new NotSupportedException("not filled in yet");

    public Task RunAsync() => throw new NotSupportedException("not filled in yet");

    /// <summary>Hello is done.</summary>
    public void Open() => throw new NotSupportedException("not filled in yet");

    public bool TrySend(OutboundFrame frame, bool more = false) => throw new NotSupportedException("not filled in yet");

    /// <summary>Sends what <c>more</c> kept back.</summary>
    public void Flush() => throw new NotSupportedException("not filled in yet");

    public void Close(CloseReason reason) => throw new NotSupportedException("not filled in yet");

    public void CloseWhenSent(CloseReason reason, OutboundFrame? last = null) => throw new NotSupportedException("not filled in yet");

    public ValueTask DisposeAsync() => throw new NotSupportedException("not filled in yet");
}

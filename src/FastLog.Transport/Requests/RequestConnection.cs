using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Transport.Network;

namespace FastLog.Transport;

/// <summary>
/// The asking side of a connection: each request waits for its one response or error frame. Thread-safe.
/// Order of calls: <see cref="ReserveAsync"/>, write a frame with the id, <see cref="SendAsync"/>.
/// </summary>
public sealed class RequestConnection : IAsyncDisposable
{
    public RequestConnection(
        IByteConnection connection, RequestConnectionOptions options, RuntimePorts ports, ITransportLog? log = null) =>
        throw new NotSupportedException("not filled in yet");

    /// <summary>The connection below.</summary>
    public FrameConnection Frames => throw new NotSupportedException("not filled in yet");

    /// <summary>Ends, without fault, when the connection is closed.</summary>
    public Task<CloseReason> Ended => throw new NotSupportedException("not filled in yet");

    /// <summary>A place among the requests in flight; waits while all are taken. Ended by SendAsync or Abandon.</summary>
    /// <exception cref="ConnectionClosedException">The connection is closed.</exception>
    public ValueTask<CorrelationId> ReserveAsync(CancellationToken cancellationToken) => throw new NotSupportedException("not filled in yet");

    /// <summary>A place if one is free.</summary>
    public bool TryReserve(out CorrelationId correlation) => throw new NotSupportedException("not filled in yet");

    /// <summary>Gives a reserved place back unused.</summary>
    public void Abandon(CorrelationId correlation) => throw new NotSupportedException("not filled in yet");

    /// <summary>
    /// Sends the frame (handed over) and waits for the frame that answers it (handed over; kind Response or Error). The
    /// continuation runs on the receive loop: it must be short, or post itself to the executor. Await exactly once.
    /// </summary>
    /// <param name="patience">How long to wait for the answer.</param>
    /// <exception cref="RequestTimeoutException">No answer came in time; whether it was done is unknown.</exception>
    /// <exception cref="ConnectionClosedException">The connection closed first; whether it was done is unknown.</exception>
    public ValueTask<InboundFrame> SendAsync(CorrelationId correlation, OutboundFrame frame, TimeSpan patience) =>
        throw new NotSupportedException("not filled in yet");

    public ValueTask DisposeAsync() => throw new NotSupportedException("not filled in yet");
}

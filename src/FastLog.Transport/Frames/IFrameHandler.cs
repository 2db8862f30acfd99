using FastLog.Protocol.Frames;

namespace FastLog.Transport;

/// <summary>What is done with the frames of one connection. Made per connection.</summary>
public interface IFrameHandler
{
    /// <summary>The connection runs; called once, before the first frame.</summary>
    void OnStarted(FrameConnection connection)
    {
    }

    /// <summary>
    /// A whole frame with a correct CRC, handed over: the handler disposes it, exactly once. One call at a time;
    /// until the answer ends no further frame is received, which is how a handler slows its peer.
    /// </summary>
    ValueTask OnFrameAsync(InboundFrame frame);

    /// <summary>
    /// The peer's bytes were refused, or did not come in time, and the connection ends now. The answer, if any, is the last frame
    /// sent; handed over. From any thread, possibly while <see cref="OnFrameAsync"/> still runs.
    /// </summary>
    /// <param name="header">The frame's header when it could be read and its CRC may be trusted; else null.</param>
    OutboundFrame? OnRefused(CloseReason reason, FrameHeader? header) => null;

    /// <summary>
    /// The server stops: end what is going on. Ends when nothing more will be sent; bounded by the server's own deadline.
    /// </summary>
    ValueTask OnStoppingAsync() => ValueTask.CompletedTask;

    /// <summary>
    /// The connection is closed, for the first reason given. Exactly once, on the executor, possibly while
    /// <see cref="OnFrameAsync"/> still runs.
    /// </summary>
    void OnClosed(CloseReason reason);
}

using FastLog.Protocol.Frames;

namespace FastLog.Transport;

/// <summary>The settings of a <see cref="FrameConnection"/>; shared by many.</summary>
public sealed record FrameConnectionOptions
{
    /// <summary>Largest frame once the connection is open, in bytes of frameSize.</summary>
    public int FrameSizeMax { get; init; } = FrameLimits.FrameSizeMaxDefault;

    /// <summary>Largest frame before <see cref="FrameConnection.Open"/>, in bytes of frameSize.</summary>
    public int HandshakeFrameSizeMax { get; init; } = FrameLimits.FrameSizeMaxBeforeHello;

    /// <summary>From the start to <see cref="FrameConnection.Open"/>; infinite switches it off.</summary>
    public TimeSpan HelloDeadline { get; init; } = TransportLimits.HelloDeadline;

    /// <summary>From a frame's first byte to its last; infinite switches it off.</summary>
    public TimeSpan FrameDeadline { get; init; } = TransportLimits.FrameDeadline;

    /// <summary>Nothing sent or received for this long closes; infinite switches it off.</summary>
    public TimeSpan IdleLimit { get; init; } = TransportLimits.IdleLimit;

    /// <summary>One send call (at most <see cref="TransportLimits.SendGroupBytesMax"/>) that takes longer closes.</summary>
    public TimeSpan WriteStallLimit { get; init; } = TransportLimits.WriteStallLimit;

    public TimeSpan LingerLimit { get; init; } = TransportLimits.LingerLimit;

    public int OutboundBytesMax { get; init; } = TransportLimits.OutboundBytesMax;

    public int OutboundFramesMax { get; init; } = TransportLimits.OutboundFramesMax;

    /// <summary>Received bytes of all connections that share it; null for no limit beyond the frames in hand.</summary>
    public InboundBudget? Budget { get; init; }

    /// <summary>The ticker that checks deadlines, shared by many connections; null makes one for this connection.</summary>
    public DeadlineWatch? Watch { get; init; }
}

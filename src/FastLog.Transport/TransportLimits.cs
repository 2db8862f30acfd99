using FastLog.Protocol;

namespace FastLog.Transport;

/// <summary>The limits of connections and their defaults. Sizes are bytes.</summary>
public static class TransportLimits
{
    /// <summary>Connections of one server, all addresses together.</summary>
    public const int ConnectionsMax = 10_000;

    /// <summary>Connections of one server from one IP address.</summary>
    public const int ConnectionsPerAddressMax = 1_000;

    /// <summary>Pending connections the system keeps for a listener.</summary>
    public const int Backlog = 512;

    /// <summary>Bytes of received frames that were not given back yet, of all connections that share a budget.</summary>
    public const long InboundBytesMax = 64L * 1024 * 1024;

    /// <summary>Small frames may hold this share of the inbound budget on top of it: one part in so many.</summary>
    public const int InboundSmallShare = 4;

    /// <summary>Queued bytes beyond the frames being sent; above it nothing is received from that peer.</summary>
    public const int OutboundBytesMax = 1024 * 1024;

    /// <summary>Queued frames beyond those being sent; above it nothing is received from that peer.</summary>
    public const int OutboundFramesMax = 1_000;

    /// <summary>Queued bytes in memory (file regions not counted) at which the connection is closed.</summary>
    public const long OutboundMemoryMax = 64L * 1024 * 1024;

    /// <summary>Queued frames at which the connection is closed.</summary>
    public const int OutboundFramesHardMax = 100_000;

    /// <summary>Bytes of one send call; a longer region is cut, so that a slow peer is told from a stalled one.</summary>
    public const int SendGroupBytesMax = 512 * 1024;

    /// <summary>Pieces of one send call.</summary>
    public const int SendGroupPiecesMax = 128;

    /// <summary>File regions from this size leave by sendfile; smaller ones are copied and leave with the head.</summary>
    public const int SendFileMin = 32 * 1024;

    /// <summary>Payloads from this size are received into one buffer of their own.</summary>
    public const int LargePayloadMin = 4 * 1024;

    /// <summary>Receive window of an idle connection and of one that gets large payloads.</summary>
    public const int ReceiveWindowMin = 8 * 1024;

    /// <summary>Receive window of a connection that gets many small frames at once.</summary>
    public const int ReceiveWindowMax = 64 * 1024;

    /// <summary>First buffer of a large frame from a peer that has not yet sent a large one.</summary>
    public const int FirstBufferBytes = 64 * 1024;

    /// <summary>Largest first buffer, for peers that have sent frames of that size before.</summary>
    public const int FirstBufferProvenMax = 1024 * 1024;

    /// <summary>Requests of one <see cref="RequestConnection"/> that wait for their response.</summary>
    public const int RequestsInFlight = 64;

    public static readonly TimeSpan HelloDeadline = TimeSpan.FromMilliseconds(MessageLimits.HelloTimeoutMsDefault);

    public static readonly TimeSpan FrameDeadline = TimeSpan.FromMilliseconds(MessageLimits.FrameTimeoutMsDefault);

    /// <summary>From here on a frame must have come at least with <see cref="BytesPerSecondMin"/>.</summary>
    public static readonly TimeSpan FrameRateGrace = TimeSpan.FromSeconds(5);

    public const int BytesPerSecondMin = 1024;

    /// <summary>The same while other frames wait for memory of the inbound budget.</summary>
    public const int BytesPerSecondMinWhenScarce = 2 * 1024 * 1024;

    public static readonly TimeSpan IdleLimit = TimeSpan.FromMilliseconds(MessageLimits.IdleTimeoutMsDefault);

    public static readonly TimeSpan WriteStallLimit = TimeSpan.FromSeconds(10);

    /// <summary>How long a closing connection waits for the peer to take the last frame and close.</summary>
    public static readonly TimeSpan LingerLimit = TimeSpan.FromSeconds(1);
}

namespace FastLog.Transport;

/// <summary>Why a connection was closed: the kind for programs, the sentence for people.</summary>
public sealed record CloseReason(CloseKind Kind, string Details)
{
    public static readonly CloseReason PeerEnded = new(CloseKind.PeerEnded, "the peer closed the connection");

    public static readonly CloseReason Requested = new(CloseKind.Requested, "closed by this side");

    /// <summary>True when the peer broke the protocol or a limit, and not the network or this side.</summary>
    public bool IsPeersFault => Kind is >= CloseKind.BadMagic and <= CloseKind.OutboundOverflow;

    public override string ToString() => $"{Kind}: {Details}";
}

/// <summary>The kinds of <see cref="CloseReason"/>.</summary>
public enum CloseKind
{
    /// <summary>This side asked for it.</summary>
    Requested,

    /// <summary>The peer ended its side between two frames.</summary>
    PeerEnded,

    /// <summary>The network broke the connection.</summary>
    Broken,

    /// <summary>The server is stopping.</summary>
    Stopping,

    /// <summary>The first bytes are not those of a frame.</summary>
    BadMagic,

    /// <summary>The sizes inside of a frame contradict each other, or a must-understand part is unknown.</summary>
    Malformed,

    /// <summary>The frame is larger than the limit in force.</summary>
    FrameTooLarge,

    /// <summary>The frame's CRC does not match.</summary>
    ChecksumMismatch,

    /// <summary>The peer ended its side in the middle of a frame.</summary>
    Truncated,

    /// <summary>A frame that was begun did not finish in time.</summary>
    FrameTooSlow,

    /// <summary>The connection was not opened by a hello in time.</summary>
    HelloTooSlow,

    /// <summary>Nothing moved for longer than the idle limit.</summary>
    Idle,

    /// <summary>The peer does not read what is sent to it.</summary>
    WriteStalled,

    /// <summary>More is queued for the peer than the hard limit allows.</summary>
    OutboundOverflow,

    /// <summary>More connections than allowed in all.</summary>
    ConnectionLimit,

    /// <summary>More connections than allowed from one address.</summary>
    AddressLimit,

    /// <summary>The handler threw: our own bug.</summary>
    HandlerFailed,
}

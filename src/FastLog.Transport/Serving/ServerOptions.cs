using System.Net;

namespace FastLog.Transport;

/// <summary>The settings of a <see cref="Server"/>.</summary>
public sealed record ServerOptions
{
    public int ConnectionsMax { get; init; } = TransportLimits.ConnectionsMax;

    /// <summary>From one IP address, loopback included.</summary>
    public int ConnectionsPerAddressMax { get; init; } = TransportLimits.ConnectionsPerAddressMax;

    public FrameConnectionOptions Frames { get; init; } = new();
}

/// <summary>Makes the handler of a new connection. Thread-safe; must be short.</summary>
public delegate IFrameHandler FrameHandlerFactory(EndPoint remoteAddress);

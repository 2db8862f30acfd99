using System.Net;
using FastLog.Primitives;
using FastLog.Transport.Network;

namespace FastLog.Transport;

/// <summary>Accepts connections and runs a handler on each until it is stopped.</summary>
public sealed class Server : IAsyncDisposable
{
    private Server() => throw new NotSupportedException("not filled in yet");

    public EndPoint LocalAddress => throw new NotSupportedException("not filled in yet");

    public int ConnectionCount => throw new NotSupportedException("not filled in yet");

    /// <summary>Listens and begins to accept.</summary>
    /// <exception cref="NetworkException">The address is in use or not one of this machine.</exception>
    public static Server Start(
        INetwork network,
        EndPoint address,
        FrameHandlerFactory factory,
        ServerOptions options,
        RuntimePorts ports,
        ITransportLog? log = null) => throw new NotSupportedException("not filled in yet");

    /// <summary>Stops accepting, lets the handlers finish up to the limit, closes all. Idempotent.</summary>
    public Task StopAsync(TimeSpan limit) => throw new NotSupportedException("not filled in yet");

    public ValueTask DisposeAsync() => throw new NotSupportedException("not filled in yet");
}

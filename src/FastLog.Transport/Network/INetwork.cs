using System.Net;

namespace FastLog.Transport.Network;

/// <summary>The network port: byte connections. Sockets in production, queues in the simulator. Thread-safe.</summary>
public interface INetwork
{
    /// <summary>Begins to accept on the address; port 0 picks a free one.</summary>
    /// <exception cref="NetworkException">The address is in use or not one of this machine.</exception>
    IListener Listen(EndPoint address);

    /// <summary>Connects; a host name in a <see cref="DnsEndPoint"/> is resolved.</summary>
    /// <exception cref="NetworkException">Refused, unreachable or not resolved.</exception>
    ValueTask<IByteConnection> ConnectAsync(EndPoint address, CancellationToken cancellationToken);
}

/// <summary>An accepting address.</summary>
public interface IListener : IAsyncDisposable
{
    /// <summary>The address in use, with the port that was picked.</summary>
    EndPoint LocalAddress { get; }

    /// <summary>The next connection; survives errors of single connections and a lack of descriptors.</summary>
    /// <exception cref="OperationCanceledException">Cancelled, or the listener was disposed.</exception>
    ValueTask<IByteConnection> AcceptAsync(CancellationToken cancellationToken);
}

using System.Net;
using System.Net.Sockets;

namespace FastLog.Transport.Network;

/// <summary>The machine's TCP.</summary>
public sealed class SocketNetwork : INetwork
{
    public static readonly SocketNetwork Instance = new();

    private SocketNetwork()
    {
    }

    public IListener Listen(EndPoint address)
    {
        ArgumentNullException.ThrowIfNull(address);
        try
        {
            return new SocketListener(Resolve(address));
        }
        catch (SocketException cause)
        {
            throw new NetworkException($"cannot listen on {address}: {cause.Message}", cause);
        }
    }

    public async ValueTask<IByteConnection> ConnectAsync(EndPoint address, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(address, cancellationToken);
            return new SocketByteConnection(socket);
        }
        catch (SocketException cause)
        {
            socket.Dispose();
            throw new NetworkException($"cannot connect to {address}: {cause.Message}", cause);
        }
        catch (OperationCanceledException)
        {
            socket.Dispose();
            throw;
        }
    }

    private static IPEndPoint Resolve(EndPoint address) => address switch
    {
        IPEndPoint ip => ip,
        DnsEndPoint name => new IPEndPoint(Dns.GetHostAddresses(name.Host)[0], name.Port),
        _ => throw new NetworkException($"{address} is not an IP address or a host name"),
    };
}

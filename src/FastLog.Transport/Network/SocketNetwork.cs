using System.Net;

namespace FastLog.Transport.Network;

/// <summary>The machine's TCP.</summary>
public sealed class SocketNetwork : INetwork
{
    public static readonly SocketNetwork Instance = new();

    private SocketNetwork()
    {
    }

    public IListener Listen(EndPoint address) => throw new NotSupportedException("not filled in yet");

    public ValueTask<IByteConnection> ConnectAsync(EndPoint address, CancellationToken cancellationToken) =>
        throw new NotSupportedException("not filled in yet");
}

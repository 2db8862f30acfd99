using System.Net;
using System.Net.Sockets;

namespace FastLog.Transport.Network;

/// <summary>A listening TCP socket.</summary>
internal sealed class SocketListener : IListener
{
    private const int SolSocket = 1;
    private const int SoReuseAddress = 2;

    /// <summary>Between two tries when accepting fails: descriptors have run out, and come back as connections close.</summary>
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(50);

    private readonly Socket _socket;
    private readonly CancellationTokenSource _disposed = new();
    private int _ended;

    /// <exception cref="SocketException">In use, not one of this machine, not permitted.</exception>
    public SocketListener(IPEndPoint address)
    {
        _socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            // By its raw number: the portable option also sets SO_REUSEPORT, and then two brokers could share a port.
            if (OperatingSystem.IsLinux())
                _socket.SetRawSocketOption(SolSocket, SoReuseAddress, BitConverter.GetBytes(1));
            if (address.AddressFamily == AddressFamily.InterNetworkV6 && address.Address.Equals(IPAddress.IPv6Any))
                _socket.DualMode = true;
            _socket.Bind(address);
            _socket.Listen(TransportLimits.Backlog);
            LocalAddress = _socket.LocalEndPoint!;
        }
        catch
        {
            _socket.Dispose();
            throw;
        }
    }

    public EndPoint LocalAddress { get; }

    public async ValueTask<IByteConnection> AcceptAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource either =
            CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _disposed.Token);
        while (true)
        {
            Socket? accepted = null;
            try
            {
                accepted = await _socket.AcceptAsync(either.Token);
                return new SocketByteConnection(accepted);
            }
            catch (SocketException)
            {
                // A peer that gave up between its request and our answer, or no descriptor left. The listener lives on.
                accepted?.Dispose();
                await Task.Delay(RetryPause, either.Token);
            }
            catch (ObjectDisposedException)
            {
                throw new OperationCanceledException("the listener was disposed");
            }
        }
    }

    public ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _ended, 1) == 0)
        {
            _disposed.Cancel();
            _socket.Dispose();
            _disposed.Dispose();
        }

        return ValueTask.CompletedTask;
    }
}

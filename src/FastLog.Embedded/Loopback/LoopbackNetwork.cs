using System.Net;
using System.Threading.Channels;
using FastLog.Transport.Network;

namespace FastLog.Embedded.Loopback;

/// <summary>A network of this object alone: one listener, connections in memory. Thread-safe.</summary>
internal sealed class LoopbackNetwork : INetwork
{
    private Listener? _listener;
    private int _port;

    public IListener Listen(EndPoint address)
    {
        var listener = new Listener(address);
        return Interlocked.CompareExchange(ref _listener, listener, null) is null
            ? listener
            : throw new NetworkException("the embedded network has its listener already");
    }

    public ValueTask<IByteConnection> ConnectAsync(EndPoint address, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (Volatile.Read(ref _listener) is not { } listener)
            throw new NetworkException("nothing listens on the embedded network");
        var local = new DnsEndPoint("client", 1 + (Interlocked.Increment(ref _port) & 0x7FFF));
        (LoopbackConnection client, LoopbackConnection server) = LoopbackConnection.Pair(local, address);
        return listener.TryAdd(server)
            ? new ValueTask<IByteConnection>(client)
            : throw new NetworkException("the embedded broker is closed");
    }

    private sealed class Listener(EndPoint address) : IListener
    {
        private readonly Channel<LoopbackConnection> _arrived = Channel.CreateUnbounded<LoopbackConnection>();

        public EndPoint LocalAddress { get; } = address;

        public bool TryAdd(LoopbackConnection connection) => _arrived.Writer.TryWrite(connection);

        public async ValueTask<IByteConnection> AcceptAsync(CancellationToken cancellationToken)
        {
            try
            {
                return await _arrived.Reader.ReadAsync(cancellationToken);
            }
            catch (ChannelClosedException cause)
            {
                throw new OperationCanceledException("the listener was disposed", cause);
            }
        }

        public ValueTask DisposeAsync()
        {
            _arrived.Writer.TryComplete();
            while (_arrived.Reader.TryRead(out LoopbackConnection? left))
                left.Abort();
            return ValueTask.CompletedTask;
        }
    }
}

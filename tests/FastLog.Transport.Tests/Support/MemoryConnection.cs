using System.Net;
using FastLog.Primitives;
using FastLog.Transport.Network;

namespace FastLog.Transport.Tests;

/// <summary>One end of two byte streams in memory, bounded as a socket's buffers are.</summary>
internal sealed class MemoryConnection : IByteConnection
{
    private readonly ByteChannel _incoming;
    private readonly ByteChannel _outgoing;

    private MemoryConnection(ByteChannel incoming, ByteChannel outgoing)
    {
        _incoming = incoming;
        _outgoing = outgoing;
    }

    public EndPoint RemoteAddress { get; } = new IPEndPoint(IPAddress.Loopback, 1);

    public int Sends { get; private set; }

    /// <summary>The most bytes one receive gives.</summary>
    public int ReceiveMax { get; set; } = int.MaxValue;

    public bool IsAborted { get; private set; }

    public static (MemoryConnection Left, MemoryConnection Right) Pair(int capacity = 256 * 1024)
    {
        var one = new ByteChannel(capacity);
        var two = new ByteChannel(capacity);
        return (new MemoryConnection(one, two), new MemoryConnection(two, one));
    }

    public async ValueTask<int> ReceiveAsync(Memory<byte> destination, CancellationToken cancellationToken) =>
        await _incoming.ReadAsync(destination[..Math.Min(destination.Length, ReceiveMax)]);

    public async ValueTask SendAsync(IReadOnlyList<OutboundPiece> pieces, CancellationToken cancellationToken)
    {
        Sends++;
        foreach (OutboundPiece piece in pieces)
            await _outgoing.WriteAsync(piece.Region.IsEmpty ? piece.Memory : Copy(piece.Region));
    }

    public Task SendAsync(byte[] bytes) => SendAsync([OutboundPiece.Of(bytes)], CancellationToken.None).AsTask();

    public void EndSend() => _outgoing.End();

    public void Abort()
    {
        IsAborted = true;
        _incoming.Break();
        _outgoing.Break();
    }

    public void Dispose() => Abort();

    private static byte[] Copy(FileRegion region)
    {
        byte[] bytes = new byte[region.Length];
        Assert.Equal(region.Length, region.File!.Read(region.Position, bytes));
        return bytes;
    }

    private sealed class ByteChannel(int capacity)
    {
        private readonly Lock _gate = new();
        private readonly byte[] _ring = new byte[capacity];
        private TaskCompletionSource _changed = New();
        private int _head;
        private int _count;
        private bool _ended;
        private bool _broken;

        public async ValueTask<int> ReadAsync(Memory<byte> destination)
        {
            while (true)
            {
                Task changed;
                lock (_gate)
                {
                    if (_broken)
                        throw new NetworkException("broken");
                    if (_count > 0)
                    {
                        int taken = Math.Min(_count, destination.Length);
                        for (int i = 0; i < taken; i++)
                            destination.Span[i] = _ring[(_head + i) % capacity];
                        _head = (_head + taken) % capacity;
                        _count -= taken;
                        Change();
                        return taken;
                    }

                    if (_ended)
                        return 0;
                    changed = _changed.Task;
                }

                await changed;
            }
        }

        public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes)
        {
            while (!bytes.IsEmpty)
            {
                Task changed;
                lock (_gate)
                {
                    if (_broken || _ended)
                        throw new NetworkException("broken");
                    int added = Math.Min(capacity - _count, bytes.Length);
                    for (int i = 0; i < added; i++)
                        _ring[(_head + _count + i) % capacity] = bytes.Span[i];
                    _count += added;
                    bytes = bytes[added..];
                    changed = _changed.Task;
                    if (added > 0)
                    {
                        Change();
                        continue;
                    }
                }

                await changed;
            }
        }

        public void End()
        {
            lock (_gate)
            {
                _ended = true;
                Change();
            }
        }

        public void Break()
        {
            lock (_gate)
            {
                _broken = true;
                Change();
            }
        }

        private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

        private void Change()
        {
            TaskCompletionSource changed = _changed;
            _changed = New();
            changed.TrySetResult();
        }
    }
}

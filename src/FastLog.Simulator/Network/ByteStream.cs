using FastLog.Primitives;
using FastLog.Transport.Network;

namespace FastLog.Simulator;

/// <summary>
/// One direction of a simulated connection: a bounded buffer whose bytes arrive in order, after a seeded delay. One thread.
/// </summary>
internal sealed class ByteStream
{
    private readonly SimulatedNetwork _network;
    private readonly byte[] _ring;
    private readonly Signal _roomMade = new();
    private readonly Signal _arrival = new();
    private long _sent;
    private long _arrived;
    private long _received;
    private bool _ended;
    private bool _endArrived;
    private MonotonicTime _lastArrival;
    private string? _senderBroken;
    private string? _receiverBroken;

    public ByteStream(SimulatedNetwork network)
    {
        _network = network;
        _ring = new byte[network.Options.BufferBytes];
    }

    /// <summary>The receiver's machine lost its power: bytes go nowhere.</summary>
    public bool IsBlackHole { get; set; }

    /// <summary>Bytes went into the black hole.</summary>
    public bool HasLostBytes { get; private set; }

    /// <summary>Bytes came to a receiver that is closed or gone.</summary>
    public Action? Rejected { get; set; }

    public bool HasUnread => _arrived > _received;

    private int Room => (int)(_ring.Length - (_sent - _received));

    public async ValueTask SendAsync(OutboundPiece piece, CancellationToken cancellationToken)
    {
        long done = 0;
        byte[] copy = new byte[Math.Min(_ring.Length, piece.Length)];
        while (done < piece.Length)
        {
            ThrowIf(_senderBroken);
            if (Room == 0)
            {
                await _roomMade.WaitAsync(cancellationToken);
                continue;
            }

            int count = _network.DrawCount((int)Math.Min(Room, piece.Length - done));
            Read(piece, done, copy.AsSpan(0, count));
            Put(copy.AsSpan(0, count));
            done += count;
        }
    }

    public async ValueTask<int> ReceiveAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        while (true)
        {
            ThrowIf(_receiverBroken);
            int available = (int)Math.Min(_arrived - _received, destination.Length);
            if (available > 0)
                return Take(destination.Span[.._network.DrawCount(available)]);
            if (_endArrived)
                return 0;
            await _arrival.WaitAsync(cancellationToken);
        }
    }

    /// <summary>The sender ends its side: the receiver sees it after the last byte.</summary>
    public void End()
    {
        if (_ended)
            return;
        _ended = true;
        Arrive(0, end: true);
    }

    /// <summary>Sends fail from now on.</summary>
    public void BreakSender(string reason)
    {
        _senderBroken ??= reason;
        _roomMade.Pulse();
    }

    /// <summary>Receives fail from now on; bytes on the way are lost.</summary>
    public void BreakReceiver(string reason)
    {
        _receiverBroken ??= reason;
        _arrival.Pulse();
    }

    private static void Read(OutboundPiece piece, long from, Span<byte> destination)
    {
        if (piece.Region.IsEmpty)
        {
            piece.Memory.Span.Slice((int)from, destination.Length).CopyTo(destination);
            return;
        }

        int read = piece.Region.File!.Read(piece.Region.Position.Plus(from), destination);
        if (read != destination.Length)
            throw new NetworkException($"a file region ended {destination.Length - read} bytes early");
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        if (IsBlackHole)
        {
            // The sender's buffer fills and stays full.
            _sent += bytes.Length;
            HasLostBytes = true;
            Rejected?.Invoke();
            return;
        }

        foreach (byte value in bytes)
            _ring[_sent++ % _ring.Length] = value;
        Arrive(bytes.Length, end: false);
    }

    private int Take(Span<byte> destination)
    {
        for (int i = 0; i < destination.Length; i++)
            destination[i] = _ring[_received++ % _ring.Length];
        _roomMade.Pulse();
        return destination.Length;
    }

    private void Arrive(int count, bool end)
    {
        MonotonicTime at = _network.Scheduler.Now.Plus(_network.DrawDelay());
        if (at < _lastArrival)
            at = _lastArrival;
        _lastArrival = at;
        long arrived = _sent;
        _network.At(at, () =>
        {
            // Two arrivals of one moment may run in either order.
            _arrived = Math.Max(_arrived, arrived);
            _endArrived |= end;
            _network.Note("arrive", count);
            _arrival.Pulse();
            if (_receiverBroken is not null && count > 0)
                Rejected?.Invoke();
        });
    }

    private static void ThrowIf(string? broken)
    {
        if (broken is not null)
            throw new NetworkException(broken);
    }
}

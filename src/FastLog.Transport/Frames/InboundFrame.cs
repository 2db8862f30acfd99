using FastLog.Primitives;
using FastLog.Protocol.Frames;

namespace FastLog.Transport;

/// <summary>
/// A received frame: the CRC over header and body is right. Handed over: whoever holds it disposes it exactly once; its
/// memory is valid until then, and counts in the connection's budget. Pooled; not thread-safe.
/// </summary>
public sealed class InboundFrame : IDisposable
{
    /// <summary>Head and payload together up to this size lie in the frame's own memory, else in leases.</summary>
    internal const int InlineBytes = 4 * 1024;

    private const int KeptFrames = 1_024;

    private static readonly ObjectPool<InboundFrame> Pool = new(KeptFrames);

    private readonly byte[] _inline = new byte[InlineBytes];
    private BufferLease? _headLease;
    private BufferLease? _payloadLease;
    private InboundBudget? _budget;
    private Memory<byte> _head;
    private Memory<byte> _payload;
    private int _inlineUsed;
    private int _live;

    /// <summary>Made by the connection.</summary>
    public InboundFrame()
    {
    }

    public FrameHeader Header { get; private set; }

    /// <summary>The header's tags, as bytes.</summary>
    public ReadOnlyMemory<byte> HeaderTags => _head[..Header.HeaderSize];

    /// <summary>The message with its body tags.</summary>
    public ReadOnlyMemory<byte> Body => _head[Header.HeaderSize..];

    /// <summary>What follows the body: the batches. Empty after <see cref="TakePayload"/>.</summary>
    public ReadOnlyMemory<byte> Payload => _payload;

    /// <summary>
    /// The payload, handed over apart from the frame (null if it is empty); it may be written to, counts in the budget
    /// until it is disposed, and outlives the frame.
    /// </summary>
    public BufferLease? TakePayload()
    {
        Invariant.Check(Volatile.Read(ref _live) == 1);
        BufferLease? taken = _payloadLease;
        _payloadLease = null;
        if (taken is null && !_payload.IsEmpty)
        {
            taken = BufferPool.Shared.Rent(_payload.Length, clearOnReturn: true);
            _payload.CopyTo(taken.Memory);
        }

        _payload = default;
        return taken;
    }

    /// <summary>Gives the memory back. Exactly once, by whoever holds the frame.</summary>
    public void Dispose()
    {
        Invariant.Check(Interlocked.Exchange(ref _live, 0) == 1);
        _headLease?.Dispose();
        _payloadLease?.Dispose();
        _headLease = null;
        _payloadLease = null;
        _head = default;
        _payload = default;
        _inline.AsSpan(0, _inlineUsed).Clear();
        InboundBudget? budget = _budget;
        int charged = _inlineUsed;
        _budget = null;
        _inlineUsed = 0;
        Pool.Return(this);
        budget?.Return(charged);
    }

    /// <summary>A frame whose inline part was charged to the budget by the caller; given back by Dispose.</summary>
    internal static InboundFrame Rent(in FrameHeader header, int headLength, int inlineBytes, InboundBudget? budget)
    {
        InboundFrame frame = Pool.Rent();
        Invariant.Check(Interlocked.Exchange(ref frame._live, 1) == 0);
        frame.Header = header;
        frame._inlineUsed = inlineBytes;
        frame._budget = budget;
        frame._head = frame._inline.AsMemory(0, Math.Min(headLength, inlineBytes));
        frame._payload = frame._inline.AsMemory(frame._head.Length, inlineBytes - frame._head.Length);
        return frame;
    }

    internal Memory<byte> HeadMemory => _head;

    internal Memory<byte> PayloadMemory => _payload;

    internal void AttachHead(BufferLease lease)
    {
        _headLease = lease;
        _head = lease.Memory;
    }

    internal void AttachPayload(BufferLease lease)
    {
        _payloadLease = lease;
        _payload = lease.Memory;
    }
}

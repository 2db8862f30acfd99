using FastLog.Primitives;
using FastLog.Protocol.Frames;

namespace FastLog.Transport;

/// <summary>
/// A received frame: the CRC over header and body is right. Handed over: whoever holds it disposes it exactly once; its
/// memory is valid until then, and counts in the connection's budget. Pooled; not thread-safe.
/// </summary>
public sealed class InboundFrame : IDisposable
{
    /// <summary>A head or a payload below this size lies in the frame's own memory, else in a lease.</summary>
    internal const int SmallMax = TransportLimits.LargePayloadMin;

    private const int KeptFrames = 512;

    private static readonly ObjectPool<InboundFrame> Pool = new(KeptFrames);

    private readonly byte[] _small = new byte[2 * SmallMax];
    private BufferLease? _headLease;
    private BufferLease? _payloadLease;
    private InboundBudget? _budget;
    private Memory<byte> _head;
    private Memory<byte> _payload;
    private int _smallUsed;
    private int _live;

    /// <summary>Made by the connection.</summary>
    public InboundFrame()
    {
    }

    public FrameHeader Header { get; private set; }

    /// <summary>The header's tags, as bytes.</summary>
    public ReadOnlyMemory<byte> HeaderTags => _head.Slice(FrameLimits.HeadSize, Header.HeaderSize);

    /// <summary>The message with its body tags.</summary>
    public ReadOnlyMemory<byte> Body => _head.Slice(FrameLimits.HeadSize + Header.HeaderSize, Header.BodySize);

    /// <summary>What follows the body: the batches. Empty after <see cref="TakePayload"/>.</summary>
    public ReadOnlyMemory<byte> Payload => _payload;

    /// <summary>Everything before the payload: what a forwarder sends on.</summary>
    public ReadOnlyMemory<byte> Head => _head;

    internal Memory<byte> HeadMemory => _head;

    internal Memory<byte> PayloadMemory => _payload;

    /// <summary>
    /// The payload, handed over apart from the frame (null if it is empty); it may be written to and outlives the frame.
    /// From <see cref="TransportLimits.LargePayloadMin"/> up it counts in the budget until it is disposed.
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
        _small.AsSpan(0, _smallUsed).Clear();
        InboundBudget? budget = _budget;
        int charged = _smallUsed;
        _budget = null;
        _smallUsed = 0;
        Pool.Return(this);
        budget?.ReturnSmall(charged);
    }

    /// <summary>
    /// A frame without memory yet for what is not small: see <see cref="AttachHead"/> and <see cref="AttachPayload"/>.
    /// </summary>
    /// <param name="budget">Charged by the caller with <see cref="SmallBytes"/>, which Dispose gives back.</param>
    internal static InboundFrame Rent(in FrameHeader header, InboundBudget? budget)
    {
        InboundFrame frame = Pool.Rent();
        Invariant.Check(Interlocked.Exchange(ref frame._live, 1) == 0);
        frame.Header = header;
        frame._budget = budget;
        frame._smallUsed = SmallBytes(header);
        int head = header.HeadSize <= SmallMax ? header.HeadSize : 0;
        frame._head = frame._small.AsMemory(0, head);
        frame._payload = frame._small.AsMemory(head, frame._smallUsed - head);
        return frame;
    }

    /// <summary>How much of the frame lies in the pooled object itself.</summary>
    internal static int SmallBytes(in FrameHeader header)
    {
        int head = header.HeadSize <= SmallMax ? header.HeadSize : 0;
        return head + (header.PayloadSize < SmallMax ? header.PayloadSize : 0);
    }

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

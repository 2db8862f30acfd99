using System.Buffers.Binary;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Frames;
using FastLog.Transport.Network;

namespace FastLog.Transport;

/// <summary>
/// A frame to send: the head (frameSize to the end of the body) and the payload's pieces. It owns what is added to it
/// and gives all of it back exactly once: after the send, or when it is disposed unsent. Handed over by
/// <see cref="FrameConnection.TrySend"/>; not to be touched afterwards. Pooled; not thread-safe.
/// </summary>
public sealed class OutboundFrame : IDisposable
{
    private const int KeptHeadBytes = 512;
    private const int KeptFrames = 2_048;

    private static readonly ObjectPool<OutboundFrame> Pool = new(KeptFrames);

    private readonly byte[] _keptHead = new byte[KeptHeadBytes];
    private readonly List<OutboundPiece> _pieces = [];
    private readonly List<IDisposable> _owners = [];
    private BufferLease? _headLease;
    private int _live;

    /// <summary>Use <see cref="Rent"/>.</summary>
    public OutboundFrame()
    {
    }

    /// <summary>The frame's length on the wire so far, frameSize field included.</summary>
    public long Length { get; private set; }

    /// <summary>Its bytes in memory: <see cref="Length"/> without file regions.</summary>
    public long MemoryLength { get; private set; }

    /// <summary>The head, to be written by the caller whole. Valid until the frame is handed over.</summary>
    public Span<byte> Head => HeadMemory.Span;

    /// <summary>The head, to be written by the caller whole. Valid until the frame is handed over.</summary>
    public Memory<byte> HeadMemory { get; private set; }

    /// <summary>Head first, then the payload's pieces in order.</summary>
    internal IReadOnlyList<OutboundPiece> Pieces => _pieces;

    /// <summary>A frame with room for a head of exactly this many bytes.</summary>
    public static OutboundFrame Rent(int headLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(headLength, sizeof(uint));
        OutboundFrame frame = Pool.Rent();
        Invariant.Check(Interlocked.Exchange(ref frame._live, 1) == 0);
        frame.Start(headLength);
        return frame;
    }

    /// <summary>A frame with this message, whose payload of exactly that many bytes is added by the caller.</summary>
    /// <exception cref="ArgumentException">Header or body is over its limit.</exception>
    public static OutboundFrame Of<T>(in FrameHeader header, in T message, int payloadSize = 0, in HeaderTags tags = default)
        where T : IMessage<T>
    {
        OutboundFrame frame = Rent(FrameWriter.HeadSize(message, tags));
        try
        {
            FrameWriter.Write(frame.Head, header, message, payloadSize, tags);
            return frame;
        }
        catch
        {
            frame.Dispose();
            throw;
        }
    }

    /// <summary>Adds the whole lease to the payload; handed over.</summary>
    public void AddPayload(BufferLease lease)
    {
        ArgumentNullException.ThrowIfNull(lease);
        AddPayload(lease.Memory, lease);
    }

    /// <summary>Adds memory that stays valid until <paramref name="owner"/> is disposed, once; null for memory that lives on.</summary>
    public void AddPayload(ReadOnlyMemory<byte> memory, IDisposable? owner)
    {
        Invariant.Check(Volatile.Read(ref _live) == 1);
        if (owner is not null)
            _owners.Add(owner);
        if (memory.IsEmpty)
            return;
        _pieces.Add(OutboundPiece.Of(memory));
        Length += memory.Length;
        MemoryLength += memory.Length;
    }

    /// <summary>Adds a file region with its lease; handed over.</summary>
    public void AddPayload(FileRegion region)
    {
        Invariant.Check(Volatile.Read(ref _live) == 1);
        if (region.File is not null)
            _owners.Add(RegionOwner.Rent(region));
        if (region.IsEmpty)
            return;
        _pieces.Add(OutboundPiece.Of(region));
        Length += region.Length;
    }

    /// <summary>Gives everything back. Exactly once, by whoever holds the frame.</summary>
    public void Dispose()
    {
        Invariant.Check(Interlocked.Exchange(ref _live, 0) == 1);
        foreach (IDisposable owner in _owners)
            owner.Dispose();
        _owners.Clear();
        _pieces.Clear();
        _headLease?.Dispose();
        _headLease = null;
        if (HeadMemory.Length <= KeptHeadBytes)
            HeadMemory.Span.Clear();
        HeadMemory = default;
        Length = 0;
        MemoryLength = 0;
        Pool.Return(this);
    }

    /// <summary>A wrong frameSize would make the peer read the next frame from the wrong place.</summary>
    internal void CheckSize() =>
        Invariant.Check(BinaryPrimitives.ReadUInt32BigEndian(Head) == Length - sizeof(uint));

    private void Start(int headLength)
    {
        if (headLength > KeptHeadBytes)
            _headLease = BufferPool.Shared.Rent(headLength, clearOnReturn: true);
        HeadMemory = _headLease?.Memory ?? _keptHead.AsMemory(0, headLength);
        _pieces.Add(OutboundPiece.Of(HeadMemory));
        Length = headLength;
        MemoryLength = headLength;
    }
}

/// <summary>A file region's lease as something to dispose once. Pooled.</summary>
internal sealed class RegionOwner : IDisposable
{
    private const int Kept = 1_024;

    private static readonly ObjectPool<RegionOwner> Pool = new(Kept);

    private FileRegion _region;

    public static RegionOwner Rent(FileRegion region)
    {
        RegionOwner owner = Pool.Rent();
        owner._region = region;
        return owner;
    }

    public void Dispose()
    {
        FileRegion region = _region;
        _region = FileRegion.Empty;
        region.Release();
        Pool.Return(this);
    }
}

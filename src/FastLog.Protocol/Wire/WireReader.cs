using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Unicode;
using FastLog.Primitives;

namespace FastLog.Protocol.Wire;

/// <summary>
/// Reads a body field by field. The first defect is kept in <see cref="Status"/>; each later read gives a zero or an
/// empty value, so that a codec checks once, in <see cref="End"/>. Never throws on bad input.
/// </summary>
public ref struct WireReader
{
    private readonly ReadOnlySpan<byte> _body;
    private readonly int _payloadSize;
    private int _at;

    /// <param name="body">The body with its tags, exactly.</param>
    /// <param name="payloadSize">The frame's payload: most messages have none and refuse one.</param>
    public WireReader(ReadOnlySpan<byte> body, int payloadSize)
    {
        _body = body;
        _payloadSize = payloadSize;
    }

    /// <summary>The first defect, or <see cref="WireStatus.Ok"/>.</summary>
    public WireStatus Status { get; private set; }

    public readonly bool IsOk => Status == WireStatus.Ok;

    public byte ReadU8() => TryTake(sizeof(byte), out ReadOnlySpan<byte> bytes) ? bytes[0] : (byte)0;

    public ushort ReadU16() =>
        TryTake(sizeof(ushort), out ReadOnlySpan<byte> bytes) ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : (ushort)0;

    public uint ReadU32() =>
        TryTake(sizeof(uint), out ReadOnlySpan<byte> bytes) ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : 0;

    public ulong ReadU64() =>
        TryTake(sizeof(ulong), out ReadOnlySpan<byte> bytes) ? BinaryPrimitives.ReadUInt64BigEndian(bytes) : 0;

    public int ReadI32() => unchecked((int)ReadU32());

    public long ReadI64() => unchecked((long)ReadU64());

    /// <summary>A byte that is 0 or 1.</summary>
    public bool ReadBool() => ReadEnum(1) == 1;

    /// <summary>A byte from 0 to <paramref name="last"/>.</summary>
    public int ReadEnum(int last)
    {
        int value = ReadU8();
        return value <= last ? value : (int)Fail(WireStatus.ValueOutOfRange);
    }

    /// <summary>A u32 that fits 31 bits: sizes, counts of things, ports.</summary>
    public int ReadSize()
    {
        uint value = ReadU32();
        return value <= int.MaxValue ? (int)value : (int)Fail(WireStatus.ValueOutOfRange);
    }

    /// <summary>A u64 that fits 63 bits.</summary>
    public long ReadLongSize()
    {
        ulong value = ReadU64();
        return value <= long.MaxValue ? (long)value : Fail(WireStatus.ValueOutOfRange);
    }

    /// <summary>A u32 of milliseconds.</summary>
    public TimeSpan ReadMilliseconds() => TimeSpan.FromMilliseconds(ReadU32());

    /// <summary>
    /// A u32 count of elements of at least so many bytes each: no more than the body could still hold.
    /// </summary>
    public int ReadCount(int elementSizeMin)
    {
        uint count = ReadU32();
        if (count > MessageLimits.ArrayCountMax || count > (uint)((_body.Length - _at) / elementSizeMin))
            return (int)Fail(WireStatus.InvalidCount);
        return (int)count;
    }

    /// <summary>u16 size and UTF-8.</summary>
    public string ReadString()
    {
        if (!TryTake(ReadU16(), out ReadOnlySpan<byte> text) || text.IsEmpty)
            return string.Empty;
        if (Utf8.IsValid(text))
            return Encoding.UTF8.GetString(text);
        Fail(WireStatus.InvalidText);
        return string.Empty;
    }

    /// <summary>16 bytes.</summary>
    public Uid128 ReadUid() => TryTake(Uid128.Size, out ReadOnlySpan<byte> bytes) ? Uid128.Read(bytes) : Uid128.None;

    public TopicId ReadTopicId() => new(ReadUid());

    /// <summary>An i32 from 0.</summary>
    public PartitionId ReadPartition() => new((int)ReadAtLeast(ReadI32(), 0));

    /// <summary>Topic id and partition.</summary>
    public TopicPartition ReadTopicPartition() => new(ReadTopicId(), ReadPartition());

    /// <summary>An i64 from -1.</summary>
    public LogOffset ReadOffset() => new(ReadAtLeast(ReadI64(), LogOffset.None.Value));

    /// <summary>An i32 from -1.</summary>
    public LeaderEpoch ReadLeaderEpoch() => new((int)ReadAtLeast(ReadI32(), LeaderEpoch.None.Value));

    /// <summary>An i32 from -1.</summary>
    public NodeId ReadNode() => new((int)ReadAtLeast(ReadI32(), NodeId.None.Value));

    /// <summary>An i32 from -1.</summary>
    public GroupGeneration ReadGeneration() => new((int)ReadAtLeast(ReadI32(), GroupGeneration.None.Value));

    /// <summary>An i64 from -1.</summary>
    public Timestamp ReadTimestamp() => new(ReadAtLeast(ReadI64(), Timestamp.None.UnixMilliseconds));

    /// <summary>Any number: one that is not known is kept.</summary>
    public ErrorCode ReadErrorCode() => (ErrorCode)ReadU16();

    /// <summary>
    /// The end of the fields: what is left are body tags (none is known in version 1), and the payload is as large as
    /// the body told.
    /// </summary>
    /// <param name="payloadSizeTold">The sum of the payload sizes in the body; 0 for messages without payload.</param>
    public WireStatus End(long payloadSizeTold = 0)
    {
        if (!IsOk)
            return Status;
        var tags = new TagReader(_body[_at..]);
        WireStatus status;
        while (tags.TryMoveNext(out status))
        {
            if (tags.MustUnderstand)
                return Status = WireStatus.UnknownTag;
        }

        _at = _body.Length;
        if (status != WireStatus.Ok)
            return Status = status;
        return Status = payloadSizeTold == _payloadSize ? WireStatus.Ok : WireStatus.PayloadMismatch;
    }

    /// <summary>Notes a defect that the codec found; the first one counts.</summary>
    public long Fail(WireStatus status)
    {
        if (IsOk)
            Status = status;
        return 0;
    }

    private long ReadAtLeast(long value, long min) => value >= min ? value : Fail(WireStatus.ValueOutOfRange);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryTake(int size, out ReadOnlySpan<byte> bytes)
    {
        if (IsOk && size <= _body.Length - _at)
        {
            bytes = _body.Slice(_at, size);
            _at += size;
            return true;
        }

        Fail(WireStatus.Truncated);
        bytes = default;
        return false;
    }
}

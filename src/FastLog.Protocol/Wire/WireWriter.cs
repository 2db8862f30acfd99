using System.Buffers.Binary;
using System.Text;
using FastLog.Primitives;

namespace FastLog.Protocol.Wire;

/// <summary>
/// Writes a body into a span that was sized by the codec's <c>Size</c>: too little room is our own bug.
/// </summary>
public ref struct WireWriter(Span<byte> destination)
{
    private readonly Span<byte> _destination = destination;

    /// <summary>Bytes written so far.</summary>
    public int Written { get; private set; }

    public void WriteU8(byte value) => Take(sizeof(byte))[0] = value;

    public void WriteU16(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Take(sizeof(ushort)), value);

    public void WriteU32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Take(sizeof(uint)), value);

    public void WriteU64(ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Take(sizeof(ulong)), value);

    public void WriteI32(int value) => BinaryPrimitives.WriteInt32BigEndian(Take(sizeof(int)), value);

    public void WriteI64(long value) => BinaryPrimitives.WriteInt64BigEndian(Take(sizeof(long)), value);

    public void WriteBool(bool value) => WriteU8(value ? (byte)1 : (byte)0);

    public void WriteEnum(int value) => WriteU8(checked((byte)value));

    /// <exception cref="OverflowException">Negative: our own bug.</exception>
    public void WriteSize(int value) => WriteU32(checked((uint)value));

    /// <exception cref="OverflowException">Negative: our own bug.</exception>
    public void WriteLongSize(long value) => WriteU64(checked((ulong)value));

    /// <summary>Whole milliseconds; what does not fit 32 bits is cut to the nearest end.</summary>
    public void WriteMilliseconds(TimeSpan value) =>
        WriteU32((uint)Math.Clamp(Math.Ceiling(value.TotalMilliseconds), 0, uint.MaxValue));

    /// <exception cref="ArgumentException">Longer than <see cref="MessageLimits.StringSizeMax"/>.</exception>
    public void WriteString(string? value)
    {
        int size = WireSize.OfText(value);
        WriteU16((ushort)size);
        Encoding.UTF8.GetBytes(value ?? string.Empty, Take(size));
    }

    /// <summary>A sentence, cut to <see cref="MessageLimits.ErrorMessageSizeMax"/> at the end of a character.</summary>
    public void WriteErrorMessage(string? value)
    {
        ReadOnlySpan<char> text = WireSize.CutErrorMessage(value);
        int size = Encoding.UTF8.GetByteCount(text);
        WriteU16((ushort)size);
        Encoding.UTF8.GetBytes(text, Take(size));
    }

    public void WriteUid(Uid128 value) => value.Write(Take(Uid128.Size));

    public void WriteTopicId(TopicId value) => WriteUid(value.Value);

    public void WriteTopicPartition(TopicPartition value)
    {
        WriteTopicId(value.Topic);
        WriteI32(value.Partition.Value);
    }

    public void WriteOffset(LogOffset value) => WriteI64(value.Value);

    public void WriteLeaderEpoch(LeaderEpoch value) => WriteI32(value.Value);

    public void WriteNode(NodeId value) => WriteI32(value.Value);

    public void WriteGeneration(GroupGeneration value) => WriteI32(value.Value);

    public void WriteTimestamp(Timestamp value) => WriteI64(value.UnixMilliseconds);

    public void WriteErrorCode(ErrorCode value) => WriteU16((ushort)value);

    /// <summary>A tag; the caller writes them by ascending id.</summary>
    public void WriteTag(int id, ReadOnlySpan<byte> value)
    {
        WriteU16(checked((ushort)id));
        WriteSize(value.Length);
        value.CopyTo(Take(value.Length));
    }

    private Span<byte> Take(int size)
    {
        Span<byte> taken = _destination.Slice(Written, size);
        Written += size;
        return taken;
    }
}

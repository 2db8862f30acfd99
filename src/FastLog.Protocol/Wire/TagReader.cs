using System.Buffers.Binary;

namespace FastLog.Protocol.Wire;

/// <summary>Walks a tag section: u16 id, u32 size, bytes; ids ascending. Allocates nothing.</summary>
public ref struct TagReader(ReadOnlySpan<byte> section)
{
    /// <summary>The bit of an id that says: refuse the frame if you do not know this tag.</summary>
    public const int MustUnderstandBit = 0x8000;

    /// <summary>Bytes before a tag's value.</summary>
    public const int PrefixSize = sizeof(ushort) + sizeof(uint);

    private ReadOnlySpan<byte> _rest = section;
    private int _lastId = -1;
    private int _count;

    /// <summary>The current tag's id, the must-understand bit included.</summary>
    public readonly int Id => _lastId;

    public readonly bool MustUnderstand => (_lastId & MustUnderstandBit) != 0;

    /// <summary>The current tag's value.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>
    /// Steps to the next tag. False at the end of the section and after a defect: then see the status.
    /// </summary>
    public bool TryMoveNext(out WireStatus status)
    {
        status = WireStatus.Ok;
        if (_rest.IsEmpty)
            return false;
        status = Step();
        return status == WireStatus.Ok;
    }

    private WireStatus Step()
    {
        if (_count == MessageLimits.TagCountMax)
            return WireStatus.TooManyTags;
        if (_rest.Length < PrefixSize)
            return WireStatus.TagTruncated;
        int id = BinaryPrimitives.ReadUInt16BigEndian(_rest);
        uint size = BinaryPrimitives.ReadUInt32BigEndian(_rest[sizeof(ushort)..]);
        ReadOnlySpan<byte> behind = _rest[PrefixSize..];
        if (size > (uint)behind.Length)
            return WireStatus.TagTruncated;
        if (id <= _lastId)
            return WireStatus.TagsNotAscending;
        _lastId = id;
        _count++;
        Value = behind[..(int)size];
        _rest = behind[(int)size..];
        return WireStatus.Ok;
    }
}

using System.Buffers.Binary;
using FastLog.Primitives;

namespace FastLog.Storage.Indexes;

/// <summary>A batch begins at <paramref name="Position"/> with <paramref name="Offset"/> as its base offset.</summary>
/// <param name="Offset">The batch's base offset.</param>
/// <param name="Position">Where it begins in the data file.</param>
/// <param name="ChainCrc">The chain CRC over all batches of the segment before it.</param>
internal readonly record struct OffsetIndexEntry(LogOffset Offset, FilePosition Position, uint ChainCrc)
{
    public const int RelativeOffsetAt = 0;
    public const int PositionAt = RelativeOffsetAt + sizeof(uint);
    public const int ChainCrcAt = PositionAt + sizeof(uint);
    public const int CheckAt = ChainCrcAt + sizeof(uint);
    public const int Size = CheckAt + sizeof(uint);

    public void Write(Span<byte> entry, LogOffset segmentBase)
    {
        BinaryPrimitives.WriteUInt32BigEndian(entry[RelativeOffsetAt..], checked((uint)Offset.Since(segmentBase)));
        BinaryPrimitives.WriteUInt32BigEndian(entry[PositionAt..], checked((uint)Position.Value));
        BinaryPrimitives.WriteUInt32BigEndian(entry[ChainCrcAt..], ChainCrc);
        BinaryPrimitives.WriteUInt32BigEndian(entry[CheckAt..], EntryCheck.Of(entry[..CheckAt], segmentBase));
    }

    /// <summary>False for an entry that was never written, is torn or belongs to another segment.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, LogOffset segmentBase, out OffsetIndexEntry entry)
    {
        entry = default;
        if (BinaryPrimitives.ReadUInt32BigEndian(bytes[CheckAt..]) != EntryCheck.Of(bytes[..CheckAt], segmentBase))
            return false;
        entry = new OffsetIndexEntry(
            segmentBase.Plus(BinaryPrimitives.ReadUInt32BigEndian(bytes[RelativeOffsetAt..])),
            new FilePosition(BinaryPrimitives.ReadUInt32BigEndian(bytes[PositionAt..])),
            BinaryPrimitives.ReadUInt32BigEndian(bytes[ChainCrcAt..]));
        return true;
    }
}

/// <summary>The check of an index entry: CRC-32C over the segment's base offset (8 bytes) and the entry's fields.</summary>
internal static class EntryCheck
{
    public static uint Of(ReadOnlySpan<byte> fields, LogOffset segmentBase)
    {
        Span<byte> seed = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(seed, segmentBase.Value);
        return Crc32C.Append(Crc32C.Compute(seed), fields);
    }
}

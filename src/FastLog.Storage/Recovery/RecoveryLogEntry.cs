using System.Buffers.Binary;
using FastLog.Primitives;
using FastLog.Storage.Flushing;
using static FastLog.Storage.Recovery.RecoveryLogLayout;

namespace FastLog.Storage.Recovery;

/// <summary>What an entry says of its items.</summary>
internal enum RecoveryEntryKind : ushort
{
    /// <summary>The partition's own files are durable below the point.</summary>
    Flushed = 1,

    /// <summary>The entry holds the bytes from a position to the point: durable by the entry itself.</summary>
    Carried = 2,

    /// <summary>The log was cut: the point is lowered to this one, and nothing carried above it counts.</summary>
    Reset = 3,

    /// <summary>The partition does not exist any more.</summary>
    Removed = 4,

    /// <summary>As a new file begins: the flushed point is exactly this one.</summary>
    Snapshot = 5,
}

/// <summary>One item of an entry. <paramref name="From"/> counts in <see cref="RecoveryEntryKind.Carried"/> only.</summary>
internal readonly record struct RecoveryItem(TopicPartition Id, FlushPoint Point, FilePosition From)
{
    public long Length => Point.Position.Since(From);

    public static RecoveryItem Read(ReadOnlySpan<byte> source) => new(
        new TopicPartition(
            new TopicId(Uid128.Read(source[TopicAt..])),
            new PartitionId(BinaryPrimitives.ReadInt32BigEndian(source[PartitionAt..]))),
        new FlushPoint(
            new LogOffset(BinaryPrimitives.ReadInt64BigEndian(source[SegmentBaseAt..])),
            new FilePosition(BinaryPrimitives.ReadInt64BigEndian(source[PositionAt..])),
            new LogOffset(BinaryPrimitives.ReadInt64BigEndian(source[NextOffsetAt..])),
            BinaryPrimitives.ReadUInt32BigEndian(source[ChainCrcAt..])),
        new FilePosition(BinaryPrimitives.ReadInt64BigEndian(source[FromAt..])));

    public void Write(Span<byte> destination)
    {
        Id.Topic.Value.Write(destination[TopicAt..]);
        BinaryPrimitives.WriteInt32BigEndian(destination[PartitionAt..], Id.Partition.Value);
        BinaryPrimitives.WriteUInt32BigEndian(destination[ChainCrcAt..], Point.ChainCrc);
        BinaryPrimitives.WriteInt64BigEndian(destination[SegmentBaseAt..], Point.SegmentBase.Value);
        BinaryPrimitives.WriteInt64BigEndian(destination[PositionAt..], Point.Position.Value);
        BinaryPrimitives.WriteInt64BigEndian(destination[NextOffsetAt..], Point.NextOffset.Value);
        BinaryPrimitives.WriteInt64BigEndian(destination[FromAt..], From.Value);
    }

    public bool IsSound(RecoveryEntryKind kind) =>
        Id.Partition.Value >= 0 && Point.SegmentBase.Value >= 0 && Point.Position.Value >= 0
        && Point.NextOffset >= Point.SegmentBase && From.Value >= 0
        && (kind == RecoveryEntryKind.Carried ? From < Point.Position : From.Value == 0);
}

/// <summary>The first 48 bytes of an entry.</summary>
internal readonly record struct RecoveryEntryHeader(
    int Size, ulong FileId, ulong Sequence, FilePosition DurableEnd, RecoveryEntryKind Kind, int Count)
{
    public int ItemsEnd => EntryHeaderSize + (Count * ItemSize);

    /// <summary>Reads the header's fields and checks all that can be checked without the rest of the entry.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, ulong fileId, out RecoveryEntryHeader header)
    {
        header = default;
        if (source.Length < EntryHeaderSize || BinaryPrimitives.ReadUInt32BigEndian(source) != EntryMagic)
            return false;
        uint size = BinaryPrimitives.ReadUInt32BigEndian(source[EntrySizeAt..]);
        uint count = BinaryPrimitives.ReadUInt32BigEndian(source[CountAt..]);
        if (size > RecoveryLogLimits.EntrySizeMax || size % EntryAlignment != 0)
            return false;
        if (count > RecoveryLogLimits.EntryItemsMax || size < EntryHeaderSize + (count * ItemSize))
            return false;
        header = new RecoveryEntryHeader(
            (int)size,
            BinaryPrimitives.ReadUInt64BigEndian(source[EntryFileIdAt..]),
            BinaryPrimitives.ReadUInt64BigEndian(source[SequenceAt..]),
            new FilePosition(BinaryPrimitives.ReadInt64BigEndian(source[DurableEndAt..])),
            (RecoveryEntryKind)BinaryPrimitives.ReadUInt16BigEndian(source[KindAt..]),
            (int)count);
        return header.FileId == fileId
            && header.Kind is >= RecoveryEntryKind.Flushed and <= RecoveryEntryKind.Snapshot
            && BinaryPrimitives.ReadUInt16BigEndian(source[EntryReservedAt..]) == 0
            && BinaryPrimitives.ReadUInt32BigEndian(source[EntryReserved2At..]) == 0;
    }

    /// <summary>Checks the checksum and the items of a whole entry.</summary>
    public bool IsValid(ReadOnlySpan<byte> entry)
    {
        uint crc = Crc32C.Append(Crc32C.Compute(entry[..EntryCrcAt]), entry[EntryHeaderSize..]);
        if (crc != BinaryPrimitives.ReadUInt32BigEndian(entry[EntryCrcAt..]))
            return false;
        long carried = 0;
        for (int i = 0; i < Count; i++)
        {
            RecoveryItem item = Item(entry, i);
            if (!item.IsSound(Kind))
                return false;
            if (Kind != RecoveryEntryKind.Carried)
                continue;
            if (item.Length > RecoveryLogLimits.CarriedBytesMax)
                return false;
            carried += item.Length;
        }

        return carried <= Size && Size == Aligned(ItemsEnd + (int)carried);
    }

    public static RecoveryItem Item(ReadOnlySpan<byte> entry, int index) =>
        RecoveryItem.Read(entry.Slice(EntryHeaderSize + (index * ItemSize), ItemSize));

    /// <summary>Writes the header with a checksum over itself, the items behind it and the <paramref name="carried"/> bytes.</summary>
    /// <param name="head">The header's place and the items, already written.</param>
    /// <param name="carried">The bytes that follow with their padding; empty in most kinds.</param>
    public void Write(Span<byte> head, ReadOnlySpan<byte> carried)
    {
        head[..EntryHeaderSize].Clear();
        BinaryPrimitives.WriteUInt32BigEndian(head, EntryMagic);
        BinaryPrimitives.WriteUInt32BigEndian(head[EntrySizeAt..], (uint)Size);
        BinaryPrimitives.WriteUInt64BigEndian(head[EntryFileIdAt..], FileId);
        BinaryPrimitives.WriteUInt64BigEndian(head[SequenceAt..], Sequence);
        BinaryPrimitives.WriteInt64BigEndian(head[DurableEndAt..], DurableEnd.Value);
        BinaryPrimitives.WriteUInt16BigEndian(head[KindAt..], (ushort)Kind);
        BinaryPrimitives.WriteUInt32BigEndian(head[CountAt..], (uint)Count);
        uint crc = Crc32C.Append(Crc32C.Compute(head[..EntryCrcAt]), head[EntryHeaderSize..]);
        BinaryPrimitives.WriteUInt32BigEndian(head[EntryCrcAt..], Crc32C.Append(crc, carried));
    }
}

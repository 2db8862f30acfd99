using System.Buffers.Binary;
using FastLog.Primitives;

namespace FastLog.Storage.Indexes;

/// <summary>Which of a segment's two indexes a file is.</summary>
internal enum IndexKind
{
    Offset = 1,
    Time = 2,
}

/// <summary>Whose an index file is: protocol-spec/disk/index.md.</summary>
internal readonly record struct IndexHeader(IndexKind Kind, TopicPartition Id, LogOffset BaseOffset)
{
    /// <summary>"FLOGIDX1".</summary>
    public const ulong Magic = 0x464C4F4749445831;

    public const ushort Version = 1;

    public const int MagicAt = 0;
    public const int VersionAt = MagicAt + sizeof(ulong);
    public const int KindAt = VersionAt + sizeof(ushort);
    public const int EntrySizeAt = KindAt + sizeof(ushort);
    public const int TopicIdAt = EntrySizeAt + sizeof(ushort) + sizeof(ushort);
    public const int PartitionAt = TopicIdAt + Uid128.Size;
    public const int BaseOffsetAt = PartitionAt + sizeof(int) + sizeof(uint);
    public const int FieldsEnd = BaseOffsetAt + sizeof(long);

    /// <summary>The header's size, and where the first entry begins.</summary>
    public const int Size = 64;

    /// <summary>Over all of the header before it.</summary>
    public const int CrcAt = Size - sizeof(uint);

    public int EntrySize => Kind == IndexKind.Offset ? OffsetIndexEntry.Size : TimeIndexEntry.Size;

    /// <param name="header"><see cref="Size"/> bytes.</param>
    public void Write(Span<byte> header)
    {
        header[..Size].Clear();
        BinaryPrimitives.WriteUInt64BigEndian(header[MagicAt..], Magic);
        BinaryPrimitives.WriteUInt16BigEndian(header[VersionAt..], Version);
        BinaryPrimitives.WriteUInt16BigEndian(header[KindAt..], (ushort)Kind);
        BinaryPrimitives.WriteUInt16BigEndian(header[EntrySizeAt..], (ushort)EntrySize);
        Id.Topic.Value.Write(header[TopicIdAt..]);
        BinaryPrimitives.WriteInt32BigEndian(header[PartitionAt..], Id.Partition.Value);
        BinaryPrimitives.WriteInt64BigEndian(header[BaseOffsetAt..], BaseOffset.Value);
        BinaryPrimitives.WriteUInt32BigEndian(header[CrcAt..], Crc32C.Compute(header[..CrcAt]));
    }

    /// <summary>True when the bytes are exactly this header: an index of another segment or version is not used.</summary>
    public bool Matches(ReadOnlySpan<byte> bytes)
    {
        Span<byte> expected = stackalloc byte[Size];
        Write(expected);
        return bytes.Length >= Size && bytes[..Size].SequenceEqual(expected);
    }
}

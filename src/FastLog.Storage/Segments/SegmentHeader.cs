using System.Buffers.Binary;
using FastLog.Primitives;

namespace FastLog.Storage.Segments;

/// <summary>How a segment's identity sector read.</summary>
internal enum SegmentHeaderStatus
{
    Ok,
    Damaged,
    VersionUnknown,
}

/// <summary>Whose a segment is: the identity sector at its start. Written once, before the first batch.</summary>
/// <param name="Id">The partition.</param>
/// <param name="BaseOffset">The first offset.</param>
/// <param name="Created">When it was begun.</param>
/// <param name="StaleEnd">Behind the data, up to here, bytes may be of an earlier life of the file; 0 in a new file.</param>
internal readonly record struct SegmentHeader(
    TopicPartition Id, LogOffset BaseOffset, Timestamp Created, FilePosition StaleEnd = default)
{
    /// <summary>Fills a whole header: this identity, no seal.</summary>
    /// <param name="header"><see cref="SegmentLayout.HeaderSize"/> bytes.</param>
    public void Write(Span<byte> header)
    {
        header[..SegmentLayout.HeaderSize].Clear();
        BinaryPrimitives.WriteUInt64BigEndian(header[SegmentLayout.MagicAt..], SegmentLayout.Magic);
        BinaryPrimitives.WriteUInt16BigEndian(header[SegmentLayout.VersionAt..], SegmentLayout.Version);
        BinaryPrimitives.WriteUInt16BigEndian(header[SegmentLayout.HeaderSizeAt..], SegmentLayout.HeaderSize);
        Id.Topic.Value.Write(header[SegmentLayout.TopicIdAt..]);
        BinaryPrimitives.WriteInt32BigEndian(header[SegmentLayout.PartitionAt..], Id.Partition.Value);
        BinaryPrimitives.WriteInt64BigEndian(header[SegmentLayout.BaseOffsetAt..], BaseOffset.Value);
        BinaryPrimitives.WriteInt64BigEndian(header[SegmentLayout.CreatedAt..], Created.UnixMilliseconds);
        BinaryPrimitives.WriteInt64BigEndian(header[SegmentLayout.StaleEndAt..], StaleEnd.Value);
        uint crc = Crc32C.Compute(header[..SegmentLayout.CrcAt]);
        BinaryPrimitives.WriteUInt32BigEndian(header[SegmentLayout.CrcAt..], crc);
    }

    /// <param name="sector">At least the first sector of the file.</param>
    public static SegmentHeaderStatus TryRead(ReadOnlySpan<byte> sector, out SegmentHeader header)
    {
        header = default;
        if (sector.Length < SegmentLayout.SectorSize)
            return SegmentHeaderStatus.Damaged;
        if (BinaryPrimitives.ReadUInt64BigEndian(sector[SegmentLayout.MagicAt..]) != SegmentLayout.Magic)
            return SegmentHeaderStatus.Damaged;
        uint crc = Crc32C.Compute(sector[..SegmentLayout.CrcAt]);
        if (BinaryPrimitives.ReadUInt32BigEndian(sector[SegmentLayout.CrcAt..]) != crc)
            return SegmentHeaderStatus.Damaged;
        if (BinaryPrimitives.ReadUInt16BigEndian(sector[SegmentLayout.VersionAt..]) != SegmentLayout.Version)
            return SegmentHeaderStatus.VersionUnknown;
        if (BinaryPrimitives.ReadUInt16BigEndian(sector[SegmentLayout.HeaderSizeAt..]) != SegmentLayout.HeaderSize)
            return SegmentHeaderStatus.VersionUnknown;
        if (sector[SegmentLayout.IdentityEnd..SegmentLayout.CrcAt].ContainsAnyExcept((byte)0))
            return SegmentHeaderStatus.VersionUnknown;
        header = new SegmentHeader(
            new TopicPartition(
                new TopicId(Uid128.Read(sector[SegmentLayout.TopicIdAt..])),
                new PartitionId(BinaryPrimitives.ReadInt32BigEndian(sector[SegmentLayout.PartitionAt..]))),
            new LogOffset(BinaryPrimitives.ReadInt64BigEndian(sector[SegmentLayout.BaseOffsetAt..])),
            new Timestamp(BinaryPrimitives.ReadInt64BigEndian(sector[SegmentLayout.CreatedAt..])),
            new FilePosition(BinaryPrimitives.ReadInt64BigEndian(sector[SegmentLayout.StaleEndAt..])));
        return header.BaseOffset.Value < 0 || header.StaleEnd.Value < 0 ? SegmentHeaderStatus.Damaged : SegmentHeaderStatus.Ok;
    }
}

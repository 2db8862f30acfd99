using System.Buffers.Binary;
using FastLog.Primitives;
using FastLog.Storage.Disk;
using FastLog.Storage.Flushing;

namespace FastLog.Storage.Recovery;

/// <summary>
/// The file `clean`: where each partition ended when it was closed. It is there only between a clean stop and the next start,
/// which removes it durably before anything is written. A partition that is not in it is recovered.
/// </summary>
internal static class CleanShutdownMarker
{
    public const string FileName = "clean";

    /// <summary>"FLCL".</summary>
    public const uint Magic = 0x464C434C;

    public const ushort Version = 1;

    public const int CountAt = 0;
    public const int EntriesAt = CountAt + sizeof(uint);
    public const int TopicIdAt = 0;
    public const int PartitionAt = TopicIdAt + Uid128.Size;
    public const int ChainCrcAt = PartitionAt + sizeof(int);
    public const int SegmentBaseAt = ChainCrcAt + sizeof(uint);
    public const int PositionAt = SegmentBaseAt + sizeof(long);
    public const int NextOffsetAt = PositionAt + sizeof(long);
    public const int EntrySize = NextOffsetAt + sizeof(long);

    /// <exception cref="DiskException">The device failed or is full.</exception>
    public static void Write(IDisk disk, string directory, IReadOnlyDictionary<TopicPartition, FlushPoint> ends)
    {
        byte[] bytes = new byte[EntriesAt + (ends.Count * EntrySize)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, ends.Count);
        int at = EntriesAt;
        foreach (TopicPartition id in ends.Keys.Order())
        {
            Span<byte> entry = bytes.AsSpan(at, EntrySize);
            FlushPoint end = ends[id];
            id.Topic.Value.Write(entry[TopicIdAt..]);
            BinaryPrimitives.WriteInt32BigEndian(entry[PartitionAt..], id.Partition.Value);
            BinaryPrimitives.WriteUInt32BigEndian(entry[ChainCrcAt..], end.ChainCrc);
            BinaryPrimitives.WriteInt64BigEndian(entry[SegmentBaseAt..], end.SegmentBase.Value);
            BinaryPrimitives.WriteInt64BigEndian(entry[PositionAt..], end.Position.Value);
            BinaryPrimitives.WriteInt64BigEndian(entry[NextOffsetAt..], end.NextOffset.Value);
            at += EntrySize;
        }

        AtomicFile.Write(disk, directory, FileName, Magic, Version, bytes);
    }

    /// <summary>The ends; empty unless the status is Ok.</summary>
    /// <exception cref="DiskException">The device failed.</exception>
    public static AtomicFileStatus TryRead(
        IDisk disk, string directory, out Dictionary<TopicPartition, FlushPoint> ends)
    {
        ends = [];
        AtomicFileContent content = AtomicFile.Read(disk, $"{directory}/{FileName}", Magic, Version);
        if (content.Status != AtomicFileStatus.Ok)
            return content.Status;
        ReadOnlySpan<byte> bytes = content.Bytes;
        if (bytes.Length < EntriesAt)
            return AtomicFileStatus.Damaged;
        long count = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        if (bytes.Length != EntriesAt + (count * EntrySize))
            return AtomicFileStatus.Damaged;
        for (int at = EntriesAt; at < bytes.Length; at += EntrySize)
        {
            ReadOnlySpan<byte> entry = bytes.Slice(at, EntrySize);
            var id = new TopicPartition(
                new TopicId(Uid128.Read(entry[TopicIdAt..])),
                new PartitionId(BinaryPrimitives.ReadInt32BigEndian(entry[PartitionAt..])));
            ends[id] = new FlushPoint(
                new LogOffset(BinaryPrimitives.ReadInt64BigEndian(entry[SegmentBaseAt..])),
                new FilePosition(BinaryPrimitives.ReadInt64BigEndian(entry[PositionAt..])),
                new LogOffset(BinaryPrimitives.ReadInt64BigEndian(entry[NextOffsetAt..])),
                BinaryPrimitives.ReadUInt32BigEndian(entry[ChainCrcAt..]));
        }

        return AtomicFileStatus.Ok;
    }

    /// <summary>Durably, before anything else is written.</summary>
    /// <exception cref="DiskException">The device failed.</exception>
    public static void Remove(IDisk disk, string directory)
    {
        disk.DeleteFile($"{directory}/{FileName}");
        disk.FlushDirectory(directory);
    }
}

using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using FastLog.Primitives;

namespace FastLog.Broker.Groups;

/// <summary>Key and value of a record that keeps a committed offset; told in <c>protocol-spec/disk/committed-offsets.md</c>.</summary>
internal static class OffsetRecord
{
    public const byte KeyKind = 1;
    public const byte ValueVersion = 1;

    private const int KindAt = 0;
    private const int GroupSizeAt = KindAt + sizeof(byte);
    private const int GroupAt = GroupSizeAt + sizeof(ushort);
    private const int PlaceSize = Uid128.Size + sizeof(int);

    private const int VersionAt = 0;
    private const int OffsetAt = VersionAt + sizeof(byte);
    private const int LeaderEpochAt = OffsetAt + sizeof(long);
    private const int CommittedAt = LeaderEpochAt + sizeof(int);
    private const int MetadataSizeAt = CommittedAt + sizeof(long);
    private const int MetadataAt = MetadataSizeAt + sizeof(ushort);

    /// <summary>Bytes of key and value.</summary>
    public static int SizeOf(string group, in CommittedOffset committed) =>
        GroupAt + Encoding.UTF8.GetByteCount(group) + PlaceSize + MetadataAt + Encoding.UTF8.GetByteCount(committed.Metadata);

    public static byte[] Key(string group, TopicPartition partition)
    {
        int size = Encoding.UTF8.GetByteCount(group);
        byte[] key = new byte[GroupAt + size + PlaceSize];
        key[KindAt] = KeyKind;
        BinaryPrimitives.WriteUInt16BigEndian(key.AsSpan(GroupSizeAt), checked((ushort)size));
        Encoding.UTF8.GetBytes(group, key.AsSpan(GroupAt));
        partition.Topic.Value.Write(key.AsSpan(GroupAt + size));
        BinaryPrimitives.WriteInt32BigEndian(key.AsSpan(GroupAt + size + Uid128.Size), partition.Partition.Value);
        return key;
    }

    public static byte[] Value(in CommittedOffset committed)
    {
        int size = Encoding.UTF8.GetByteCount(committed.Metadata);
        byte[] value = new byte[MetadataAt + size];
        value[VersionAt] = ValueVersion;
        BinaryPrimitives.WriteInt64BigEndian(value.AsSpan(OffsetAt), committed.Offset.Value);
        BinaryPrimitives.WriteInt32BigEndian(value.AsSpan(LeaderEpochAt), committed.LeaderEpoch.Value);
        BinaryPrimitives.WriteInt64BigEndian(value.AsSpan(CommittedAt), committed.At.UnixMilliseconds);
        BinaryPrimitives.WriteUInt16BigEndian(value.AsSpan(MetadataSizeAt), checked((ushort)size));
        Encoding.UTF8.GetBytes(committed.Metadata, value.AsSpan(MetadataAt));
        return value;
    }

    /// <summary>False for a kind that is not known, and for bytes that <see cref="Key"/> does not make.</summary>
    public static bool TryReadKey(ReadOnlySpan<byte> key, [NotNullWhen(true)] out string? group, out TopicPartition partition)
    {
        group = null;
        partition = default;
        if (key.Length < GroupAt + PlaceSize || key[KindAt] != KeyKind)
            return false;
        int size = BinaryPrimitives.ReadUInt16BigEndian(key[GroupSizeAt..]);
        if (key.Length != GroupAt + size + PlaceSize)
            return false;
        ReadOnlySpan<byte> place = key[(GroupAt + size)..];
        int number = BinaryPrimitives.ReadInt32BigEndian(place[Uid128.Size..]);
        if (number < 0)
            return false;
        group = Encoding.UTF8.GetString(key.Slice(GroupAt, size));
        partition = new TopicPartition(new TopicId(Uid128.Read(place)), new PartitionId(number));
        return true;
    }

    /// <summary>False for a version that is not known, and for bytes that <see cref="Value"/> does not make.</summary>
    public static bool TryReadValue(ReadOnlySpan<byte> value, out CommittedOffset committed)
    {
        committed = default;
        if (value.Length < MetadataAt || value[VersionAt] != ValueVersion)
            return false;
        int size = BinaryPrimitives.ReadUInt16BigEndian(value[MetadataSizeAt..]);
        long offset = BinaryPrimitives.ReadInt64BigEndian(value[OffsetAt..]);
        if (value.Length != MetadataAt + size || offset < 0)
            return false;
        committed = new CommittedOffset(
            new LogOffset(offset),
            new LeaderEpoch(BinaryPrimitives.ReadInt32BigEndian(value[LeaderEpochAt..])),
            Encoding.UTF8.GetString(value[MetadataAt..]),
            new Timestamp(BinaryPrimitives.ReadInt64BigEndian(value[CommittedAt..])));
        return true;
    }
}

using System.Buffers.Binary;
using FastLog.Primitives;

namespace FastLog.Storage.Indexes;

/// <summary>
/// Every batch of the segment up to and with the one whose base offset is <paramref name="Offset"/> has timestamps of
/// at most <paramref name="MaxTimestamp"/>.
/// </summary>
/// <param name="MaxTimestamp">The largest timestamp so far: never falls from entry to entry.</param>
/// <param name="AppendTime">Wall-clock time of that append, never before the one of an earlier entry: for retention.</param>
/// <param name="Offset">The batch's base offset.</param>
internal readonly record struct TimeIndexEntry(Timestamp MaxTimestamp, Timestamp AppendTime, LogOffset Offset)
{
    public const int MaxTimestampAt = 0;
    public const int AppendTimeAt = MaxTimestampAt + sizeof(long);
    public const int RelativeOffsetAt = AppendTimeAt + sizeof(long);
    public const int CheckAt = RelativeOffsetAt + sizeof(uint);
    public const int Size = CheckAt + sizeof(uint);

    public void Write(Span<byte> entry, LogOffset segmentBase)
    {
        BinaryPrimitives.WriteInt64BigEndian(entry[MaxTimestampAt..], MaxTimestamp.UnixMilliseconds);
        BinaryPrimitives.WriteInt64BigEndian(entry[AppendTimeAt..], AppendTime.UnixMilliseconds);
        BinaryPrimitives.WriteUInt32BigEndian(entry[RelativeOffsetAt..], checked((uint)Offset.Since(segmentBase)));
        BinaryPrimitives.WriteUInt32BigEndian(entry[CheckAt..], EntryCheck.Of(entry[..CheckAt], segmentBase));
    }

    /// <summary>False for an entry that was never written, is torn or belongs to another segment.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, LogOffset segmentBase, out TimeIndexEntry entry)
    {
        entry = default;
        if (BinaryPrimitives.ReadUInt32BigEndian(bytes[CheckAt..]) != EntryCheck.Of(bytes[..CheckAt], segmentBase))
            return false;
        entry = new TimeIndexEntry(
            new Timestamp(BinaryPrimitives.ReadInt64BigEndian(bytes[MaxTimestampAt..])),
            new Timestamp(BinaryPrimitives.ReadInt64BigEndian(bytes[AppendTimeAt..])),
            segmentBase.Plus(BinaryPrimitives.ReadUInt32BigEndian(bytes[RelativeOffsetAt..])));
        return true;
    }
}

using System.Buffers.Binary;
using FastLog.Primitives;

namespace FastLog.Storage.Segments;

/// <summary>How a segment's seal sector read.</summary>
internal enum SegmentSealStatus
{
    /// <summary>All zero: the segment was not sealed.</summary>
    Absent,
    Ok,
    Damaged,
}

/// <summary>Where a segment's data ends and what lies in it: written when the next segment begins.</summary>
/// <param name="BaseOffset">The segment's; a seal of an earlier life of the file does not match.</param>
/// <param name="EndPosition">The logical end of the data, in the file.</param>
/// <param name="NextOffset">The offset after the last one in it: the next segment's base offset.</param>
/// <param name="MaxTimestamp">The largest timestamp of its batches.</param>
/// <param name="LastAppend">Wall-clock time of the last append.</param>
/// <param name="ChainCrc">The chain CRC over all of its batches.</param>
/// <param name="LastEpoch">Leader epoch of its last batch.</param>
/// <param name="IndexEntries">Entries that its offset index had; fewer in the file mean that it is to be rebuilt.</param>
internal readonly record struct SegmentSeal(
    LogOffset BaseOffset,
    FilePosition EndPosition,
    LogOffset NextOffset,
    Timestamp MaxTimestamp,
    Timestamp LastAppend,
    uint ChainCrc,
    LeaderEpoch LastEpoch,
    int IndexEntries)
{
    /// <summary>The segment had no index when it was sealed: the first look-up makes one.</summary>
    public const int IndexEntriesUnknown = int.MaxValue;

    /// <param name="sector">One sector; written whole.</param>
    public void Write(Span<byte> sector)
    {
        sector[..SegmentLayout.SectorSize].Clear();
        BinaryPrimitives.WriteUInt32BigEndian(sector[SegmentLayout.SealMagicAt..], SegmentLayout.SealMagic);
        BinaryPrimitives.WriteUInt16BigEndian(sector[SegmentLayout.SealVersionAt..], SegmentLayout.Version);
        BinaryPrimitives.WriteInt64BigEndian(sector[SegmentLayout.SealBaseOffsetAt..], BaseOffset.Value);
        BinaryPrimitives.WriteInt64BigEndian(sector[SegmentLayout.SealEndPositionAt..], EndPosition.Value);
        BinaryPrimitives.WriteInt64BigEndian(sector[SegmentLayout.SealNextOffsetAt..], NextOffset.Value);
        BinaryPrimitives.WriteInt64BigEndian(sector[SegmentLayout.SealMaxTimestampAt..], MaxTimestamp.UnixMilliseconds);
        BinaryPrimitives.WriteInt64BigEndian(sector[SegmentLayout.SealLastAppendAt..], LastAppend.UnixMilliseconds);
        BinaryPrimitives.WriteUInt32BigEndian(sector[SegmentLayout.SealChainCrcAt..], ChainCrc);
        BinaryPrimitives.WriteInt32BigEndian(sector[SegmentLayout.SealLastEpochAt..], LastEpoch.Value);
        BinaryPrimitives.WriteInt32BigEndian(sector[SegmentLayout.SealIndexEntriesAt..], IndexEntries);
        uint crc = Crc32C.Compute(sector[..SegmentLayout.CrcAt]);
        BinaryPrimitives.WriteUInt32BigEndian(sector[SegmentLayout.CrcAt..], crc);
    }

    /// <param name="sector">The seal's sector of the segment with <paramref name="baseOffset"/>.</param>
    public static SegmentSealStatus TryRead(ReadOnlySpan<byte> sector, LogOffset baseOffset, out SegmentSeal seal)
    {
        seal = default;
        if (sector.Length < SegmentLayout.SectorSize)
            return SegmentSealStatus.Damaged;
        sector = sector[..SegmentLayout.SectorSize];
        if (!sector.ContainsAnyExcept((byte)0))
            return SegmentSealStatus.Absent;
        uint crc = Crc32C.Compute(sector[..SegmentLayout.CrcAt]);
        if (BinaryPrimitives.ReadUInt32BigEndian(sector[SegmentLayout.CrcAt..]) != crc)
            return SegmentSealStatus.Damaged;
        if (BinaryPrimitives.ReadUInt32BigEndian(sector[SegmentLayout.SealMagicAt..]) != SegmentLayout.SealMagic)
            return SegmentSealStatus.Damaged;
        if (BinaryPrimitives.ReadUInt16BigEndian(sector[SegmentLayout.SealVersionAt..]) != SegmentLayout.Version)
            return SegmentSealStatus.Damaged;
        if (sector[SegmentLayout.SealEnd..SegmentLayout.CrcAt].ContainsAnyExcept((byte)0))
            return SegmentSealStatus.Damaged;
        seal = new SegmentSeal(
            new LogOffset(BinaryPrimitives.ReadInt64BigEndian(sector[SegmentLayout.SealBaseOffsetAt..])),
            new FilePosition(BinaryPrimitives.ReadInt64BigEndian(sector[SegmentLayout.SealEndPositionAt..])),
            new LogOffset(BinaryPrimitives.ReadInt64BigEndian(sector[SegmentLayout.SealNextOffsetAt..])),
            new Timestamp(BinaryPrimitives.ReadInt64BigEndian(sector[SegmentLayout.SealMaxTimestampAt..])),
            new Timestamp(BinaryPrimitives.ReadInt64BigEndian(sector[SegmentLayout.SealLastAppendAt..])),
            BinaryPrimitives.ReadUInt32BigEndian(sector[SegmentLayout.SealChainCrcAt..]),
            new LeaderEpoch(BinaryPrimitives.ReadInt32BigEndian(sector[SegmentLayout.SealLastEpochAt..])),
            BinaryPrimitives.ReadInt32BigEndian(sector[SegmentLayout.SealIndexEntriesAt..]));
        return IsPlausible(seal, baseOffset) ? SegmentSealStatus.Ok : SegmentSealStatus.Damaged;
    }

    private static bool IsPlausible(in SegmentSeal seal, LogOffset baseOffset)
    {
        if (seal.BaseOffset != baseOffset)
            return false;
        if (seal.NextOffset < baseOffset)
            return false;
        if (seal.EndPosition < SegmentLayout.DataStart)
            return false;
        return seal.IndexEntries >= 0;
    }
}

using FastLog.Primitives;
using FastLog.Storage.Flushing;

namespace FastLog.Storage.Segments;

/// <summary>The bytes of a segment's header: protocol-spec/disk/segment.md.</summary>
internal static class SegmentLayout
{
    /// <summary>"FLOGSEG1".</summary>
    public const ulong Magic = 0x464C4F4753454731;

    public const ushort Version = 1;

    /// <summary>A block that a device writes whole; identity and seal have one each.</summary>
    public const int SectorSize = 512;

    public const int HeaderSize = 8 * SectorSize;

    public const int MagicAt = 0;
    public const int VersionAt = MagicAt + sizeof(ulong);
    public const int HeaderSizeAt = VersionAt + sizeof(ushort);
    public const int TopicIdAt = HeaderSizeAt + sizeof(ushort) + sizeof(uint);
    public const int PartitionAt = TopicIdAt + Uid128.Size;
    public const int BaseOffsetAt = PartitionAt + sizeof(int) + sizeof(uint);
    public const int CreatedAt = BaseOffsetAt + sizeof(long);
    public const int StaleEndAt = CreatedAt + sizeof(long);
    public const int IdentityEnd = StaleEndAt + sizeof(long);

    /// <summary>Over the bytes of the sector before it.</summary>
    public const int CrcAt = SectorSize - sizeof(uint);

    /// <summary>Where the seal record's sector begins; the positions below count from it.</summary>
    public const int SealAt = SectorSize;

    /// <summary>"SEAL".</summary>
    public const uint SealMagic = 0x5345414C;

    public const int SealMagicAt = 0;
    public const int SealVersionAt = SealMagicAt + sizeof(uint);
    public const int SealBaseOffsetAt = SealVersionAt + sizeof(ushort) + sizeof(ushort);
    public const int SealEndPositionAt = SealBaseOffsetAt + sizeof(long);
    public const int SealNextOffsetAt = SealEndPositionAt + sizeof(long);
    public const int SealMaxTimestampAt = SealNextOffsetAt + sizeof(long);
    public const int SealLastAppendAt = SealMaxTimestampAt + sizeof(long);
    public const int SealChainCrcAt = SealLastAppendAt + sizeof(long);
    public const int SealLastEpochAt = SealChainCrcAt + sizeof(uint);
    public const int SealIndexEntriesAt = SealLastEpochAt + sizeof(int);
    public const int SealEnd = SealIndexEntriesAt + sizeof(uint);

    /// <summary>Where the first batch begins.</summary>
    public static readonly FilePosition DataStart = new(HeaderSize);

    /// <summary>Where a segment stands before its first batch.</summary>
    public static FlushPoint StartPoint(LogOffset baseOffset) => new(baseOffset, DataStart, baseOffset, ChainCrc.Start);
}

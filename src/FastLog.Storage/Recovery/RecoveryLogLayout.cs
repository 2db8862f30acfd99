using FastLog.Primitives;

namespace FastLog.Storage.Recovery;

/// <summary>Places and sizes in a recovery log file, as protocol-spec/disk/recovery-log.md tells them. Big-endian.</summary>
internal static class RecoveryLogLayout
{
    public const uint FileMagic = 0x464C524C;
    public const ushort FileVersion = 1;
    public const int FileHeaderSize = 4096;

    public const int FileMagicAt = 0;
    public const int FileVersionAt = FileMagicAt + sizeof(uint);
    public const int FileReservedAt = FileVersionAt + sizeof(ushort);
    public const int GenerationAt = FileReservedAt + sizeof(ushort);
    public const int OldestGenerationAt = GenerationAt + sizeof(ulong);
    public const int FileIdAt = OldestGenerationAt + sizeof(ulong);
    public const int SnapshotEndAt = FileIdAt + sizeof(ulong);
    public const int FileZerosAt = SnapshotEndAt + sizeof(ulong);
    public const int FileCrcAt = FileHeaderSize - sizeof(uint);

    public const uint EntryMagic = 0x464C5245;
    public const int EntryAlignment = 8;

    public const int EntryMagicAt = 0;
    public const int EntrySizeAt = EntryMagicAt + sizeof(uint);
    public const int EntryFileIdAt = EntrySizeAt + sizeof(uint);
    public const int SequenceAt = EntryFileIdAt + sizeof(ulong);
    public const int DurableEndAt = SequenceAt + sizeof(ulong);
    public const int KindAt = DurableEndAt + sizeof(ulong);
    public const int EntryReservedAt = KindAt + sizeof(ushort);
    public const int CountAt = EntryReservedAt + sizeof(ushort);
    public const int EntryReserved2At = CountAt + sizeof(uint);
    public const int EntryCrcAt = EntryReserved2At + sizeof(uint);
    public const int EntryHeaderSize = EntryCrcAt + sizeof(uint);

    public const int TopicAt = 0;
    public const int PartitionAt = TopicAt + Uid128.Size;
    public const int ChainCrcAt = PartitionAt + sizeof(uint);
    public const int SegmentBaseAt = ChainCrcAt + sizeof(uint);
    public const int PositionAt = SegmentBaseAt + sizeof(ulong);
    public const int NextOffsetAt = PositionAt + sizeof(ulong);
    public const int FromAt = NextOffsetAt + sizeof(ulong);
    public const int ItemSize = FromAt + sizeof(ulong);

    public static int Aligned(int size) => (size + EntryAlignment - 1) / EntryAlignment * EntryAlignment;
}

using System.Buffers.Binary;
using FastLog.Primitives;
using static FastLog.Storage.Recovery.RecoveryLogLayout;

namespace FastLog.Storage.Recovery;

/// <summary>The first 4,096 bytes of a recovery log file.</summary>
/// <param name="Generation">Rises by one with each file of the directory; the file's name repeats it.</param>
/// <param name="OldestGeneration">Files below it do not count, even when a power cut brings them back.</param>
/// <param name="FileId">
/// A secret number that each entry repeats, so that neither stale bytes nor records of a client that look like entries
/// can pass for entries of this file.
/// </param>
/// <param name="SnapshotEnd">All below was durable before the file got its name.</param>
internal readonly record struct RecoveryFileHeader(
    ulong Generation, ulong OldestGeneration, ulong FileId, FilePosition SnapshotEnd)
{
    public static RecoveryFileStatus TryRead(ReadOnlySpan<byte> source, out RecoveryFileHeader header)
    {
        header = default;
        if (source.Length < FileHeaderSize || BinaryPrimitives.ReadUInt32BigEndian(source) != FileMagic)
            return RecoveryFileStatus.Damaged;
        if (Crc32C.Compute(source[..FileCrcAt]) != BinaryPrimitives.ReadUInt32BigEndian(source[FileCrcAt..]))
            return RecoveryFileStatus.Damaged;
        if (BinaryPrimitives.ReadUInt16BigEndian(source[FileVersionAt..]) != FileVersion)
            return RecoveryFileStatus.VersionUnknown;
        if (BinaryPrimitives.ReadUInt16BigEndian(source[FileReservedAt..]) != 0
            || source[FileZerosAt..FileCrcAt].ContainsAnyExcept((byte)0))
        {
            return RecoveryFileStatus.Damaged;
        }

        header = new RecoveryFileHeader(
            BinaryPrimitives.ReadUInt64BigEndian(source[GenerationAt..]),
            BinaryPrimitives.ReadUInt64BigEndian(source[OldestGenerationAt..]),
            BinaryPrimitives.ReadUInt64BigEndian(source[FileIdAt..]),
            new FilePosition(BinaryPrimitives.ReadInt64BigEndian(source[SnapshotEndAt..])));
        return RecoveryFileStatus.Ok;
    }

    public void Write(Span<byte> destination)
    {
        destination[..FileHeaderSize].Clear();
        BinaryPrimitives.WriteUInt32BigEndian(destination, FileMagic);
        BinaryPrimitives.WriteUInt16BigEndian(destination[FileVersionAt..], FileVersion);
        BinaryPrimitives.WriteUInt64BigEndian(destination[GenerationAt..], Generation);
        BinaryPrimitives.WriteUInt64BigEndian(destination[OldestGenerationAt..], OldestGeneration);
        BinaryPrimitives.WriteUInt64BigEndian(destination[FileIdAt..], FileId);
        BinaryPrimitives.WriteInt64BigEndian(destination[SnapshotEndAt..], SnapshotEnd.Value);
        BinaryPrimitives.WriteUInt32BigEndian(destination[FileCrcAt..], Crc32C.Compute(destination[..FileCrcAt]));
    }
}

internal enum RecoveryFileStatus
{
    Ok,
    Damaged,
    VersionUnknown,
}

using System.Buffers.Binary;
using FastLog.Primitives;

namespace FastLog.Storage.Disk;

/// <summary>What <see cref="AtomicFile.Read"/> found.</summary>
public enum AtomicFileStatus
{
    Ok,

    /// <summary>There is no such file.</summary>
    Absent,

    /// <summary>The file is of another kind: its magic is a different one.</summary>
    Foreign,

    /// <summary>The file was written by a later version of the program.</summary>
    VersionUnknown,

    /// <summary>Sizes or checksum do not fit.</summary>
    Damaged,
}

/// <summary>A small file's content, with the version that wrote it; empty unless the status is Ok.</summary>
public readonly record struct AtomicFileContent(AtomicFileStatus Status, ushort Version, byte[] Bytes);

/// <summary>
/// Small files that are replaced as a whole: after a crash at any moment the old or the new content is there. The bytes
/// stand behind a header with magic, version, size and CRC-32C; protocol-spec/disk/small-files.md has the layout. One
/// writer a file.
/// </summary>
public static class AtomicFile
{
    /// <summary>What the name of a file that is being written ends with; a leftover is overwritten by the next write.</summary>
    public const string TemporarySuffix = ".tmp";

    public const int ContentSizeMax = 16 * 1024 * 1024;

    internal const int MagicAt = 0;
    internal const int VersionAt = MagicAt + sizeof(uint);
    internal const int ReservedAt = VersionAt + sizeof(ushort);
    internal const int ContentSizeAt = ReservedAt + sizeof(ushort);
    internal const int CrcAt = ContentSizeAt + sizeof(uint);
    internal const int HeaderSize = CrcAt + sizeof(uint);

    /// <summary>Replaces the file, durably when it returns. After a failure the old or the new content is there.</summary>
    /// <exception cref="DiskException">The device failed or is full.</exception>
    public static void Write(
        IDisk disk, string directory, string name, uint magic, ushort version, ReadOnlySpan<byte> content)
    {
        ArgumentNullException.ThrowIfNull(disk);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(content.Length, ContentSizeMax);
        byte[] bytes = Envelope(magic, version, content);
        string target = $"{directory}/{name}";
        string temporary = target + TemporarySuffix;
        disk.DeleteFile(temporary);
        using (IDiskFile file = disk.Open(temporary, DiskOpenMode.CreateNew))
        {
            file.Write(FilePosition.Zero, bytes);
            // Before the rename: else the new name could survive a power cut without its bytes.
            file.FlushData();
        }

        disk.Rename(temporary, target);
        disk.FlushDirectory(directory);
    }

    /// <summary>Reads and checks the file.</summary>
    /// <param name="disk">The disk port.</param>
    /// <param name="path">The file.</param>
    /// <param name="magic">The kind that is expected.</param>
    /// <param name="versionMax">The latest version that the caller can read.</param>
    /// <exception cref="DiskException">The device failed.</exception>
    public static AtomicFileContent Read(IDisk disk, string path, uint magic, ushort versionMax)
    {
        ArgumentNullException.ThrowIfNull(disk);
        if (!disk.FileExists(path))
            return new AtomicFileContent(AtomicFileStatus.Absent, 0, []);
        using IDiskFile file = disk.Open(path, DiskOpenMode.Read);
        long length = file.Length;
        if (length is < HeaderSize or > HeaderSize + ContentSizeMax)
            return new AtomicFileContent(AtomicFileStatus.Damaged, 0, []);
        byte[] bytes = new byte[length];
        int count = file.Read(FilePosition.Zero, bytes);
        return Parse(bytes.AsSpan(0, count), magic, versionMax);
    }

    /// <summary>Whether sizes and checksum fit, whatever kind of file it is.</summary>
    /// <exception cref="DiskException">The device failed.</exception>
    internal static AtomicFileStatus Check(IDisk disk, string path)
    {
        byte[] magic = new byte[sizeof(uint)];
        if (!disk.FileExists(path))
            return AtomicFileStatus.Absent;
        using (IDiskFile file = disk.Open(path, DiskOpenMode.Read))
            file.Read(FilePosition.Zero, magic);
        return Read(disk, path, BinaryPrimitives.ReadUInt32BigEndian(magic), ushort.MaxValue).Status;
    }

    internal static AtomicFileContent Parse(ReadOnlySpan<byte> bytes, uint magic, ushort versionMax)
    {
        if (bytes.Length < HeaderSize)
            return new AtomicFileContent(AtomicFileStatus.Damaged, 0, []);
        if (BinaryPrimitives.ReadUInt32BigEndian(bytes[MagicAt..]) != magic)
            return new AtomicFileContent(AtomicFileStatus.Foreign, 0, []);
        ushort version = BinaryPrimitives.ReadUInt16BigEndian(bytes[VersionAt..]);
        uint size = BinaryPrimitives.ReadUInt32BigEndian(bytes[ContentSizeAt..]);
        uint crc = BinaryPrimitives.ReadUInt32BigEndian(bytes[CrcAt..]);
        // The checksum comes before the version: a flipped bit in the version is damage, not a later program.
        if (size != (uint)(bytes.Length - HeaderSize) || crc != Crc(bytes))
            return new AtomicFileContent(AtomicFileStatus.Damaged, 0, []);
        if (version > versionMax)
            return new AtomicFileContent(AtomicFileStatus.VersionUnknown, version, []);
        return new AtomicFileContent(AtomicFileStatus.Ok, version, bytes[HeaderSize..].ToArray());
    }

    internal static byte[] Envelope(uint magic, ushort version, ReadOnlySpan<byte> content)
    {
        byte[] bytes = new byte[HeaderSize + content.Length];
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(MagicAt), magic);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(VersionAt), version);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(ContentSizeAt), (uint)content.Length);
        content.CopyTo(bytes.AsSpan(HeaderSize));
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(CrcAt), Crc(bytes));
        return bytes;
    }

    private static uint Crc(ReadOnlySpan<byte> bytes) =>
        Crc32C.Append(Crc32C.Compute(bytes[..CrcAt]), bytes[HeaderSize..]);
}

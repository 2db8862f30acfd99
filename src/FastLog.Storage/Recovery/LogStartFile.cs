using System.Buffers.Binary;
using FastLog.Primitives;
using FastLog.Storage.Disk;

namespace FastLog.Storage.Recovery;

/// <summary>
/// The file `start` of a partition: below this offset nothing is served any more, whatever files are there. It is durable
/// before the first file below it is deleted, since a power cut can bring deleted files back. Absent until the log start
/// moves for the first time.
/// </summary>
internal static class LogStartFile
{
    public const string FileName = "start";

    /// <summary>"FLST".</summary>
    public const uint Magic = 0x464C5354;

    public const ushort Version = 1;

    public const int LogStartAt = 0;
    public const int Size = LogStartAt + sizeof(long);

    /// <exception cref="DiskException">The device failed or is full; the former one is still there.</exception>
    public static void Write(IDisk disk, string directory, LogOffset logStart)
    {
        Span<byte> bytes = stackalloc byte[Size];
        BinaryPrimitives.WriteInt64BigEndian(bytes[LogStartAt..], logStart.Value);
        AtomicFile.Write(disk, directory, FileName, Magic, Version, bytes);
    }

    /// <summary>Offset 0 unless the status is Ok.</summary>
    /// <exception cref="DiskException">The device failed.</exception>
    public static AtomicFileStatus TryRead(IDisk disk, string directory, out LogOffset logStart)
    {
        logStart = LogOffset.Zero;
        AtomicFileContent content = AtomicFile.Read(disk, $"{directory}/{FileName}", Magic, Version);
        if (content.Status != AtomicFileStatus.Ok)
            return content.Status;
        if (content.Bytes.Length != Size)
            return AtomicFileStatus.Damaged;
        long value = BinaryPrimitives.ReadInt64BigEndian(content.Bytes.AsSpan(LogStartAt));
        if (value < 0)
            return AtomicFileStatus.Damaged;
        logStart = new LogOffset(value);
        return AtomicFileStatus.Ok;
    }
}

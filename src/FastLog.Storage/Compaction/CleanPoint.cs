using System.Buffers.Binary;
using FastLog.Primitives;
using FastLog.Storage.Disk;

namespace FastLog.Storage.Compaction;

/// <summary>
/// How far a log is compacted, in the file `clean-point`. A cache: without it all is compacted anew, which changes nothing that
/// is right.
/// </summary>
/// <param name="FirstDirty">All below was held against itself: no key below has two records there, but in segments that failed.</param>
/// <param name="HeldFrom">Base offset of the first segment that failed since all was compacted; none when none did.</param>
internal readonly record struct CleanPoint(LogOffset FirstDirty, LogOffset HeldFrom)
{
    public const string FileName = "clean-point";

    /// <summary>"FLCP".</summary>
    public const uint Magic = 0x464C4350;

    public const ushort Version = 1;

    public const int FirstDirtyAt = 0;
    public const int HeldFromAt = FirstDirtyAt + sizeof(long);
    public const int Size = HeldFromAt + sizeof(long);

    public static readonly CleanPoint Start = new(LogOffset.Zero, LogOffset.None);

    /// <summary>What the file says; the start when it is missing or does not check.</summary>
    /// <exception cref="DiskException">The device failed.</exception>
    public static CleanPoint Read(IDisk disk, string directory)
    {
        if (TryRead(disk, directory, out CleanPoint point) != AtomicFileStatus.Ok)
            return Start;

        // What failed may be readable again: only a pass from the start can tell that nothing is left in it.
        return point.HeldFrom.IsNone && !point.FirstDirty.IsNone ? point : Start;
    }

    /// <summary>The start unless the status is Ok.</summary>
    /// <exception cref="DiskException">The device failed.</exception>
    public static AtomicFileStatus TryRead(IDisk disk, string directory, out CleanPoint point)
    {
        point = Start;
        AtomicFileContent content = AtomicFile.Read(disk, $"{directory}/{FileName}", Magic, Version);
        if (content.Status != AtomicFileStatus.Ok)
            return content.Status;
        if (content.Bytes.Length != Size)
            return AtomicFileStatus.Damaged;
        point = new CleanPoint(
            new LogOffset(BinaryPrimitives.ReadInt64BigEndian(content.Bytes.AsSpan(FirstDirtyAt))),
            new LogOffset(BinaryPrimitives.ReadInt64BigEndian(content.Bytes.AsSpan(HeldFromAt))));
        return AtomicFileStatus.Ok;
    }

    /// <exception cref="DiskException">The device failed or is full; the former point is still there.</exception>
    public void Write(IDisk disk, string directory)
    {
        byte[] bytes = new byte[Size];
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(FirstDirtyAt), FirstDirty.Value);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(HeldFromAt), HeldFrom.Value);
        AtomicFile.Write(disk, directory, FileName, Magic, Version, bytes);
    }
}

using System.Buffers.Binary;
using System.Globalization;
using FastLog.Primitives;
using FastLog.Storage.Disk;

namespace FastLog.Storage.Recovery;

/// <summary>
/// Keeps what a recovery cuts off: files `*.cut` in the partition's directory, numbered in order; all together are bounded,
/// the oldest go first. Layout: protocol-spec/disk/segment.md.
/// </summary>
internal sealed class CutBytes(IDisk disk, string directory, TopicPartition id, long bytesMax)
{
    public const string Suffix = ".cut";

    /// <summary>"FLOGCUT1".</summary>
    public const ulong Magic = 0x464C4F4743555431;

    public const int MagicAt = 0;
    public const int TopicIdAt = MagicAt + sizeof(ulong);
    public const int PartitionAt = TopicIdAt + Uid128.Size;
    public const int CrcAt = PartitionAt + sizeof(int);
    public const int SegmentBaseAt = CrcAt + sizeof(uint);
    public const int PositionAt = SegmentBaseAt + sizeof(long);
    public const int LengthAt = PositionAt + sizeof(long);
    public const int HeaderSize = LengthAt + sizeof(long);

    private const int SequenceDigits = 10;
    private const int ChunkSize = 1 << 20;

    /// <summary>Where the last byte that is not zero ends, from a position on; the position itself when all are zero.</summary>
    /// <exception cref="DiskException">The device could not read.</exception>
    public static FilePosition NonZeroEnd(IDiskFile file, FilePosition from) => NonZeroEnd(file, from, long.MaxValue);

    /// <summary>As above; no byte at or above <paramref name="to"/> is looked at.</summary>
    public static FilePosition NonZeroEnd(IDiskFile file, FilePosition from, long to)
    {
        using BufferLease chunk = BufferPool.Shared.Rent(ChunkSize, clearOnReturn: true);
        FilePosition end = from;
        FilePosition at = from;
        while (at.Value < to)
        {
            int size = (int)Math.Min(chunk.Length, to - at.Value);
            int count = file.Read(at, chunk.Span[..size]);
            int last = chunk.Span[..count].LastIndexOfAnyExcept((byte)0);
            if (last >= 0)
                end = at.Plus(last + 1);
            if (count < chunk.Length)
                break;
            at = at.Plus(count);
        }

        return end;
    }

    /// <summary>Saves a run of a segment's file, durably, up to the limit; says where, or why not.</summary>
    public string Save(IDiskFile file, LogOffset segmentBase, FilePosition from, long length)
    {
        long kept = Math.Min(length, bytesMax);
        string name = string.Empty;
        try
        {
            name = SaveAll(file, segmentBase, from, kept);
        }
        catch (DiskException failure)
        {
            // Residue of a crash must not keep a log closed: what could not be saved is told.
            return $"not saved: {failure.Message}";
        }

        return kept == length ? $"saved as {name}" : $"the first {kept} saved as {name}";
    }

    /// <summary>Saves a run of a segment's file, durably; its name.</summary>
    /// <exception cref="DiskException">The device failed or is full.</exception>
    public string SaveAll(IDiskFile file, LogOffset segmentBase, FilePosition from, long length)
    {
        string name = NextName(length);
        Write(file, segmentBase, from, length, $"{directory}/{name}");
        disk.FlushDirectory(directory);
        return name;
    }

    private void Write(IDiskFile file, LogOffset segmentBase, FilePosition from, long length, string path)
    {
        using IDiskFile cut = disk.Open(path, DiskOpenMode.CreateNew);
        using BufferLease chunk = BufferPool.Shared.Rent(ChunkSize, clearOnReturn: true);
        uint crc = 0;
        long done = 0;
        while (done < length)
        {
            int count = file.Read(from.Plus(done), chunk.Span[..(int)Math.Min(chunk.Length, length - done)]);
            if (count == 0)
                break;
            crc = Crc32C.Append(crc, chunk.Span[..count]);
            cut.Write(new FilePosition(HeaderSize + done), chunk.Span[..count]);
            done += count;
        }

        Span<byte> header = stackalloc byte[HeaderSize];
        BinaryPrimitives.WriteUInt64BigEndian(header[MagicAt..], Magic);
        id.Topic.Value.Write(header[TopicIdAt..]);
        BinaryPrimitives.WriteInt32BigEndian(header[PartitionAt..], id.Partition.Value);
        BinaryPrimitives.WriteUInt32BigEndian(header[CrcAt..], crc);
        BinaryPrimitives.WriteInt64BigEndian(header[SegmentBaseAt..], segmentBase.Value);
        BinaryPrimitives.WriteInt64BigEndian(header[PositionAt..], from.Value);
        BinaryPrimitives.WriteInt64BigEndian(header[LengthAt..], done);
        cut.Write(FilePosition.Zero, header);
        cut.FlushData();
    }

    /// <summary>The name after the last one; older files go until the new one fits.</summary>
    private string NextName(long length)
    {
        string[] names = [.. disk.ListFiles(directory).Where(name => TrySequence(name, out _))];
        long last = 0;
        long total = length;
        foreach (string name in names)
        {
            TrySequence(name, out last);
            using IDiskFile file = disk.Open($"{directory}/{name}", DiskOpenMode.Read);
            total += file.Length;
        }

        foreach (string name in names)
        {
            if (total <= bytesMax)
                break;
            using (IDiskFile file = disk.Open($"{directory}/{name}", DiskOpenMode.Read))
                total -= file.Length;
            disk.DeleteFile($"{directory}/{name}");
        }

        return (last + 1).ToString($"D{SequenceDigits}", CultureInfo.InvariantCulture) + Suffix;
    }

    private static bool TrySequence(string name, out long sequence)
    {
        sequence = 0;
        return name.Length == SequenceDigits + Suffix.Length
            && name.EndsWith(Suffix, StringComparison.Ordinal)
            && long.TryParse(
                name.AsSpan(0, SequenceDigits), NumberStyles.None, CultureInfo.InvariantCulture, out sequence);
    }
}

using FastLog.Primitives;
using FastLog.Storage.Disk;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Recovery;

/// <summary>What a data file's header says.</summary>
internal enum FoundStatus
{
    Ok,

    /// <summary>The identity does not check: never written, torn or damaged.</summary>
    Damaged,

    /// <summary>A good identity that is not the one its place asks for.</summary>
    Foreign,

    /// <summary>Of a later version of the program.</summary>
    VersionUnknown,

    /// <summary>The device cannot read the header.</summary>
    Unreadable,
}

/// <summary>A data file in a partition's directory.</summary>
/// <param name="BaseOffset">As its name says.</param>
/// <param name="Path">Where it is.</param>
/// <param name="Status">What its header says.</param>
/// <param name="Header">Its identity, where that checks.</param>
/// <param name="SealStatus">What its seal says.</param>
/// <param name="Seal">Its seal, where that checks.</param>
/// <param name="Length">The file's size.</param>
internal sealed record FoundSegment(
    LogOffset BaseOffset,
    string Path,
    FoundStatus Status,
    SegmentHeader Header,
    SegmentSealStatus SealStatus,
    SegmentSeal Seal,
    long Length);

/// <summary>Lists a partition's segments by their files' headers; no batch is read.</summary>
internal static class SegmentInventory
{
    /// <summary>The data files in ascending order of their base offsets.</summary>
    /// <exception cref="DiskException">The device failed.</exception>
    public static List<FoundSegment> List(IDisk disk, string directory, TopicPartition id)
    {
        var found = new List<FoundSegment>();
        foreach (string name in disk.ListFiles(directory))
        {
            if (SegmentName.TryParse(name, SegmentName.DataSuffix, out LogOffset baseOffset))
                found.Add(LookOver(disk, $"{directory}/{name}", baseOffset, id));
        }

        found.Sort(static (left, right) => left.BaseOffset.CompareTo(right.BaseOffset));
        return found;
    }

    /// <summary>As <see cref="Look"/>; a header that the device cannot read is a status.</summary>
    /// <exception cref="DiskException">The device failed otherwise.</exception>
    public static FoundSegment LookOver(IDisk disk, string path, LogOffset baseOffset, TopicPartition? id)
    {
        try
        {
            return Look(disk, path, baseOffset, id);
        }
        catch (DiskException failure) when (failure.IsUnreadable)
        {
            using IDiskFile file = disk.Open(path, DiskOpenMode.Read);
            return new FoundSegment(
                baseOffset, path, FoundStatus.Unreadable, default, SegmentSealStatus.Damaged, default, file.Length);
        }
    }

    /// <summary>Reads one data file's header.</summary>
    /// <exception cref="DiskException">The device failed.</exception>
    public static FoundSegment Look(IDisk disk, string path, LogOffset baseOffset, TopicPartition? id)
    {
        using IDiskFile file = disk.Open(path, DiskOpenMode.Read);
        long length = file.Length;
        byte[] bytes = new byte[SegmentLayout.HeaderSize];
        int count = file.Read(FilePosition.Zero, bytes);
        SegmentHeaderStatus headerStatus = SegmentHeader.TryRead(bytes.AsSpan(0, count), out SegmentHeader header);
        SegmentSealStatus sealStatus = SegmentSealStatus.Damaged;
        SegmentSeal seal = default;
        if (count == bytes.Length)
            sealStatus = SegmentSeal.TryRead(bytes.AsSpan(SegmentLayout.SealAt), baseOffset, out seal);
        FoundStatus status = headerStatus switch
        {
            SegmentHeaderStatus.VersionUnknown => FoundStatus.VersionUnknown,
            SegmentHeaderStatus.Damaged => FoundStatus.Damaged,
            _ when count < bytes.Length => FoundStatus.Damaged,
            _ when header.BaseOffset != baseOffset => FoundStatus.Foreign,
            _ when id is not null && header.Id != id => FoundStatus.Foreign,
            _ => FoundStatus.Ok,
        };
        return new FoundSegment(baseOffset, path, status, header, sealStatus, seal, length);
    }
}

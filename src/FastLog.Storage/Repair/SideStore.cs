using FastLog.Primitives;
using FastLog.Storage.Disk;
using FastLog.Storage.Inspection;
using FastLog.Storage.Reading;
using FastLog.Storage.Recovery;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Repair;

/// <summary>
/// Where a repair puts what it takes out: cut files and whole segments, outside of the topics, so that no recovery and no deletion
/// of a topic removes them. Nothing here is ever deleted by the program. One thread.
/// </summary>
internal sealed class SideStore
{
    private readonly IDisk _disk;
    private readonly string _directory;
    private readonly CutBytes _cuts;

    public SideStore(IDisk disk, string root, InspectedPartition partition)
    {
        _disk = disk;
        TopicPartition id = partition.Id!.Value;
        _directory = $"{root}/{LogRepair.SideFolder}/{partition.Topic}-{id.Topic}-{id.Partition}";
        _cuts = new CutBytes(disk, _directory, id, bytesMax: long.MaxValue);
    }

    /// <summary>Saves a run of a data file, durably; what the device cannot read is saved as zeros.</summary>
    /// <exception cref="DiskException">It could not be saved: nothing may be changed.</exception>
    public void Save(string path, LogOffset segmentBase, FilePosition from, long length)
    {
        using IDiskFile file = _disk.Open(path, DiskOpenMode.Read);
        length = Math.Min(length, file.Length - from.Value);
        if (length <= 0)
            return;
        Make();
        _cuts.SaveAll(new TolerantFile(file), segmentBase, from, length);
    }

    /// <summary>Moves a segment's files here.</summary>
    /// <exception cref="DiskException">The device failed.</exception>
    public void Move(string path)
    {
        Make();
        int slash = path.LastIndexOf('/');
        string stem = path[..^SegmentName.DataSuffix.Length];
        string suffix = "";
        for (int i = 1; _disk.FileExists($"{_directory}/{path[(slash + 1)..]}{suffix}"); i++)
            suffix = $".{i}";
        foreach (string end in (string[])[SegmentName.DataSuffix, SegmentName.OffsetIndexSuffix, SegmentName.TimeIndexSuffix])
        {
            if (_disk.FileExists(stem + end))
                _disk.Rename(stem + end, $"{_directory}/{stem[(slash + 1)..]}{end}{suffix}");
        }

        _disk.FlushDirectory(_directory);
        _disk.FlushDirectory(path[..slash]);
    }

    private void Make()
    {
        if (_disk.DirectoryExists(_directory))
            return;
        _disk.CreateDirectory(_directory);
        string side = _directory[.._directory.LastIndexOf('/')];
        _disk.FlushDirectory(side);
        _disk.FlushDirectory(side[..side.LastIndexOf('/')]);
    }
}

using FastLog.Primitives;
using FastLog.Records;
using FastLog.Storage.Disk;
using FastLog.Storage.Flushing;
using FastLog.Storage.Recovery;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Inspection;

/// <summary>
/// Looks at a data directory, a topic, a partition or one segment without changing anything, of a stopped broker or beside
/// a running one. One thread.
/// </summary>
public sealed class LogInspection
{
    private readonly ReadOnlyDisk _disk;
    private readonly Dictionary<string, DurableEnds> _durableEnds = [];

    public LogInspection(IDisk disk) => _disk = new ReadOnlyDisk(disk);

    /// <summary>The partitions that a path leads to, in order; empty when it is none of the four.</summary>
    /// <param name="path">Absolute, without a slash at its end.</param>
    /// <exception cref="StorageException">The device failed.</exception>
    public IReadOnlyList<InspectedPartition> Find(string path) => Guarded(() =>
    {
        if (_disk.FileExists(path))
            return FindSegment(path);
        if (!_disk.DirectoryExists(path))
            return [];
        if (_disk.DirectoryExists($"{path}/{DataDirectoryLayout.Topics}"))
            return FindAll(path);
        (string parent, string name) = Split(path);
        if (DataDirectoryLayout.TryParseTopic(name, out TopicId topic, out string topicName))
            return FindTopic(path, topic, topicName, Split(parent).Parent);
        return IsPartition(path, name) ? [Describe(path, null)] : [];
    });

    /// <summary>True for a data directory, also one without partitions yet.</summary>
    public bool IsDataDirectory(string path) => _disk.FileExists($"{path}/{DataDirectoryLayout.Meta}");

    /// <summary>Reads and checks all of a partition (or of its one file).</summary>
    /// <exception cref="StorageException">The device failed, or a file is of a later version.</exception>
    public PartitionReport Verify(InspectedPartition partition, CancellationToken cancellationToken) =>
        Verify(partition, lookBehindHeaders: false, cancellationToken);

    /// <summary>The same; also the batches of a segment whose header is damaged, under the identity of its place.</summary>
    internal PartitionReport Verify(InspectedPartition partition, bool lookBehindHeaders, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(partition);
        return Guarded(() =>
        {
            // Before the files: a running broker only ever moves it up.
            FlushPoint? durable = DurableEnd(partition);
            return new PartitionInspector(_disk, partition, durable, lookBehindHeaders, cancellationToken).Run();
        });
    }

    /// <summary>Damage in the files of a data directory that belong to no partition: small files and the recovery log.</summary>
    /// <param name="root">The data directory.</param>
    /// <param name="smallFiles">Names of small files that others keep in it.</param>
    /// <exception cref="StorageException">The device failed, or a file is of a later version.</exception>
    public IReadOnlyList<LogDefect> VerifyDirectory(string root, params IReadOnlyCollection<string> smallFiles) =>
        Guarded(() => new DirectoryFilesCheck(_disk, root, smallFiles).Run());

    /// <summary>The segments' data files of a partition, in ascending order.</summary>
    /// <exception cref="StorageException">The device failed.</exception>
    public IReadOnlyList<string> Segments(InspectedPartition partition)
    {
        ArgumentNullException.ThrowIfNull(partition);
        return Guarded(() => PartitionInspector.DataFiles(_disk, partition).ConvertAll(static file => file.Path));
    }

    /// <summary>Calls back for each batch of a segment, to the end of its data or the first that is not valid.</summary>
    /// <param name="path">The data file.</param>
    /// <param name="visit">Position, header and bytes; the bytes are borrowed for the call. False ends it.</param>
    /// <returns>Empty, or why the walk ended before the segment's end.</returns>
    /// <exception cref="StorageException">The device failed, or it is no segment.</exception>
    public string Walk(string path, Func<FilePosition, BatchHeader, ReadOnlyMemory<byte>, bool> visit)
    {
        ArgumentNullException.ThrowIfNull(visit);
        return Guarded(() => BatchVisitor.Run(_disk, path, visit));
    }

    private static T Guarded<T>(Func<T> look)
    {
        try
        {
            return look();
        }
        catch (DiskException failure)
        {
            throw DirectoryOpening.AsStorageException(failure);
        }
    }

    private List<InspectedPartition> FindAll(string root) => DataDirectoryLayout.List(_disk, root).ConvertAll(
        pair => new InspectedPartition(
            pair.TopicName,
            pair.Id,
            DataDirectoryLayout.PartitionDirectory(root, pair.Id, pair.TopicName),
            null,
            root));

    private List<InspectedPartition> FindTopic(string path, TopicId topic, string topicName, string root)
    {
        var found = new List<InspectedPartition>();
        foreach (string name in _disk.ListDirectories(path))
        {
            if (DataDirectoryLayout.TryParsePartition(name, out PartitionId partition))
                found.Add(new InspectedPartition(
                    topicName, new TopicPartition(topic, partition), $"{path}/{name}", null, RootOrNull(root)));
        }

        found.Sort(static (left, right) => left.Id!.Value.CompareTo(right.Id!.Value));
        return found;
    }

    private List<InspectedPartition> FindSegment(string path)
    {
        (string parent, string name) = Split(path);
        return SegmentName.TryParse(name, SegmentName.DataSuffix, out _) ? [Describe(parent, name)] : [];
    }

    private bool IsPartition(string path, string name)
    {
        if (_disk.ListFiles(path).Any(static file => SegmentName.TryParse(file, SegmentName.DataSuffix, out _)))
            return true;
        return DataDirectoryLayout.TryParsePartition(name, out _)
            && DataDirectoryLayout.TryParseTopic(Split(Split(path).Parent).Name, out _, out _);
    }

    /// <summary>What the directories above a partition's files say of it.</summary>
    private InspectedPartition Describe(string directory, string? onlyFile)
    {
        (string topicPath, string number) = Split(directory);
        (string topics, string topicDirectory) = Split(topicPath);
        if (!DataDirectoryLayout.TryParsePartition(number, out PartitionId partition))
            return new InspectedPartition("", null, directory, onlyFile, null);
        if (!DataDirectoryLayout.TryParseTopic(topicDirectory, out TopicId topic, out string topicName))
            return new InspectedPartition("", null, directory, onlyFile, null);
        string? root = RootOrNull(Split(topics).Parent);
        return new InspectedPartition(topicName, new TopicPartition(topic, partition), directory, onlyFile, root);
    }

    private string? RootOrNull(string path) =>
        path.Length > 0 && _disk.FileExists($"{path}/{DataDirectoryLayout.Meta}") ? path : null;

    private FlushPoint? DurableEnd(InspectedPartition partition)
    {
        if (partition.Root is not { } root || partition.Id is not { } id)
            return null;
        if (!_durableEnds.TryGetValue(root, out DurableEnds? ends))
            _durableEnds.Add(root, ends = DurableEnds.Load(_disk, root));
        return ends.Find(id);
    }

    private static (string Parent, string Name) Split(string path)
    {
        int slash = path.LastIndexOf('/');
        return slash < 0 ? ("", path) : (path[..slash], path[(slash + 1)..]);
    }
}

/// <summary>Up to where each partition of a data directory was durable in its own files.</summary>
internal sealed class DurableEnds
{
    private readonly Dictionary<TopicPartition, FlushPoint> _ends = [];

    public FlushPoint? Find(TopicPartition id) => _ends.TryGetValue(id, out FlushPoint end) ? end : null;

    public static DurableEnds Load(IDisk disk, string root)
    {
        var ends = new DurableEnds();
        try
        {
            string directory = $"{root}/{DataDirectoryLayout.Recovery}";
            if (disk.DirectoryExists(directory))
            {
                var loader = new RecoveryLogLoader(disk, directory);
                loader.Load();
                foreach ((TopicPartition id, FlushPoint point) in loader.State.Flushed)
                    ends._ends[id] = point;
            }

            if (CleanShutdownMarker.TryRead(disk, root, out Dictionary<TopicPartition, FlushPoint> clean)
                == AtomicFileStatus.Ok)
            {
                foreach ((TopicPartition id, FlushPoint point) in clean)
                    ends._ends[id] = point;
            }
        }
        catch (DiskException)
        {
            // A running broker replaced the files meanwhile: then nothing is known to be durable, and the end of the
            // last segment's good batches counts.
        }

        return ends;
    }
}

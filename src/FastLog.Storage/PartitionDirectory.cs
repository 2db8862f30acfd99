using FastLog.Primitives;
using FastLog.Storage.Disk;
using FastLog.Storage.Segments;

namespace FastLog.Storage;

/// <summary>Makes and deletes partition directories.</summary>
internal static class PartitionDirectory
{
    /// <summary>Makes the directory, durably; true when it was not there.</summary>
    /// <param name="disk">The disk port.</param>
    /// <param name="root">The data directory.</param>
    /// <param name="id">The partition.</param>
    /// <param name="topicName">Its topic's name.</param>
    /// <param name="isKnown">An earlier life recorded the partition, so its directory was flushed before.</param>
    /// <exception cref="DiskException">The device failed.</exception>
    public static bool Ensure(IDisk disk, string root, TopicPartition id, string topicName, bool isKnown)
    {
        string directory = DataDirectoryLayout.PartitionDirectory(root, id, topicName);
        bool isThere = disk.DirectoryExists(directory);
        if (isThere && isKnown)
            return false;
        string topic = DataDirectoryLayout.TopicDirectory(root, id.Topic, topicName);
        if (!isThere)
            disk.CreateDirectory(directory);

        // Both, whoever made them: another partition of the topic may be about to, or a life that was killed before its
        // flush; a directory that the power cut takes away takes acknowledged records with it.
        disk.FlushDirectory($"{root}/{DataDirectoryLayout.Topics}");
        disk.FlushDirectory(topic);
        return !isThere;
    }

    /// <summary>Deletes a partition's files and its directory, and the topic's when it was the last.</summary>
    /// <exception cref="DiskException">The device failed.</exception>
    public static void Delete(IDisk disk, string root, TopicPartition id, string topicName)
    {
        string directory = DataDirectoryLayout.PartitionDirectory(root, id, topicName);
        string topic = DataDirectoryLayout.TopicDirectory(root, id.Topic, topicName);
        if (disk.DirectoryExists(directory))
        {
            foreach (string name in disk.ListFiles(directory))
                disk.DeleteFile($"{directory}/{name}");
            disk.FlushDirectory(directory);
            disk.DeleteDirectory(directory);
        }

        if (!disk.DirectoryExists(topic))
            return;
        disk.FlushDirectory(topic);
        if (disk.ListDirectories(topic).Count > 0 || disk.ListFiles(topic).Count > 0)
            return;
        disk.DeleteDirectory(topic);
        disk.FlushDirectory($"{root}/{DataDirectoryLayout.Topics}");
    }
}

/// <summary>The data files that a replay of carried bytes writes to, open until it has ended.</summary>
internal sealed class ReplayFiles(SegmentContext context) : IDisposable
{
    private readonly Dictionary<LogOffset, IDiskFile> _files = [];

    public IDiskFile Open(LogOffset baseOffset)
    {
        if (_files.TryGetValue(baseOffset, out IDiskFile? file))
            return file;
        string path = SegmentName.Data(context.Directory, baseOffset);
        if (context.Disk.FileExists(path))
        {
            file = context.Disk.Open(path, DiskOpenMode.ReadWrite);
        }
        else
        {
            file = context.Disk.Open(path, DiskOpenMode.CreateNew);
            context.Disk.FlushDirectory(context.Directory);
        }

        _files.Add(baseOffset, file);
        return file;
    }

    public void Dispose()
    {
        foreach (IDiskFile file in _files.Values)
            file.Dispose();
    }
}

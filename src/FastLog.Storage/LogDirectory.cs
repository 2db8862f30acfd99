using FastLog.Primitives;
using FastLog.Storage.Disk;

namespace FastLog.Storage;

/// <summary>One data directory: lock, identity, recovery log, group commit and the partitions in it.</summary>
public sealed class LogDirectory : IAsyncDisposable
{
    private LogDirectory()
    {
    }

    /// <summary>True when the last life ended by <see cref="DisposeAsync"/>, or there was none.</summary>
    public bool WasClean => throw new NotSupportedException();

    public Uid128 ClusterId => throw new NotSupportedException();

    public NodeId NodeId => throw new NotSupportedException();

    /// <summary>Takes the directory (made if absent). Fast: no partition is read.</summary>
    /// <exception cref="StorageException">In use, of another format or identity, damaged, or the device failed.</exception>
    public static LogDirectory Open(IDisk disk, string path, LogDirectoryOptions options, RuntimePorts ports) =>
        throw new NotSupportedException();

    /// <summary>Creates or recovers a partition; the work runs on the blocking executor.</summary>
    /// <exception cref="StorageException">Already open, damaged past use, foreign, or the device failed.</exception>
    public ValueTask<PartitionLog> OpenPartitionAsync(
        TopicPartition id, string topicName, PartitionLogOptions options, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    /// <summary>Closes the partition if it is open and deletes its files when no reader is left.</summary>
    public ValueTask DeletePartitionAsync(TopicPartition id, string topicName) => throw new NotSupportedException();

    /// <summary>The partitions that have a directory, in order of topic name, topic id and number.</summary>
    public IReadOnlyList<(TopicPartition Id, string TopicName)> ListPartitions() => throw new NotSupportedException();

    /// <summary>Flushes, closes, writes the clean-shutdown marker and gives the directory free.</summary>
    public ValueTask DisposeAsync() => throw new NotSupportedException();
}

using FastLog.Primitives;
using FastLog.Storage.Disk;

namespace FastLog.Storage.Recovery;

/// <summary>
/// Which bytes of each partition are durable, and the bytes of flush rounds that carry them. One a data directory. Find,
/// Replay and Forget from any thread.
/// </summary>
public sealed class RecoveryLog : IDisposable
{
    /// <summary>Reads what earlier lives left in the directory (made if absent) and begins a new file.</summary>
    /// <exception cref="DiskException">The device failed.</exception>
    public static RecoveryLog Open(IDisk disk, string directory, IEntropy entropy) => throw new NotSupportedException();

    /// <summary>Defects below what was durable, for the operator; empty when all is well.</summary>
    public IReadOnlyList<string> Defects => throw new NotSupportedException();

    /// <summary>What is known of each partition, in ascending order; those that were replayed or forgotten are not in it.</summary>
    public IReadOnlyList<RecoveredPartition> Recovered => throw new NotSupportedException();

    /// <summary>What is known of the partition from earlier lives; null when nothing is.</summary>
    public RecoveredPartition? Find(TopicPartition id) => throw new NotSupportedException();

    /// <summary>
    /// Writes the carried bytes into the partition's files again and flushes those; does nothing when none are carried. Before
    /// the tail scan. <paramref name="openSegment"/> gives the open data file of a base offset (made when it is missing, with
    /// a durable directory entry).
    /// </summary>
    /// <exception cref="DiskException">The device failed; may be called again.</exception>
    public void Replay(TopicPartition id, Func<LogOffset, IDiskFile> openSegment) => throw new NotSupportedException();

    /// <summary>The partition does not exist any more: its points and carried bytes are dropped.</summary>
    public void Forget(TopicPartition id) => throw new NotSupportedException();

    public void Dispose()
    {
    }
}

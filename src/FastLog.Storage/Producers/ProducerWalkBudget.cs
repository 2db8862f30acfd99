using FastLog.Primitives;

namespace FastLog.Storage.Producers;

/// <summary>
/// Bounds the batch headers that a start would walk for the producers of all partitions of a data directory together: above the
/// limit each partition that has more than its share, and is appended to, writes its producers down. Thread-safe.
/// </summary>
/// <param name="writers">Where snapshots are written.</param>
internal sealed class ProducerWalkBudget(IExecutor writers)
{
    private long _bytes;
    private int _logs;

    /// <summary>Where snapshots are written.</summary>
    public IExecutor Writers => writers;

    /// <summary>What a start would read now.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>A log was opened.</summary>
    public void Join(long bytes)
    {
        Interlocked.Increment(ref _logs);
        Move(bytes);
    }

    /// <summary>It was closed.</summary>
    public void Leave(long bytes)
    {
        Interlocked.Decrement(ref _logs);
        Move(-bytes);
    }

    public void Move(long bytes) => Interlocked.Add(ref _bytes, bytes);

    /// <summary>True when a partition is to write its producers down.</summary>
    /// <param name="walkBytes">What a start would read of it.</param>
    /// <param name="snapshotSize">Of its last one: writing more than a start would read were no gain.</param>
    public bool IsDue(long walkBytes, long snapshotSize)
    {
        if (walkBytes < snapshotSize)
            return false;
        if (walkBytes >= StorageLimits.ProducerSnapshotBytes)
            return true;
        if (Bytes <= StorageLimits.ProducerSnapshotBytesOfAll)
            return false;
        long share = StorageLimits.ProducerSnapshotBytesOfAll / Math.Max(1, Volatile.Read(ref _logs));
        return walkBytes >= Math.Max(StorageLimits.ProducerSnapshotBytesMin, share);
    }
}

using FastLog.Primitives;

namespace FastLog.Storage;

/// <summary>One partition's log: append, read, look up by time. All public members from any thread.</summary>
public sealed class PartitionLog
{
    internal PartitionLog()
    {
    }

    public TopicPartition Id => throw new NotSupportedException();

    public string TopicName => throw new NotSupportedException();

    public PartitionLogOptions Options => throw new NotSupportedException();

    /// <summary>First offset still readable.</summary>
    public LogOffset LogStart => throw new NotSupportedException();

    /// <summary>The offset the next record will get.</summary>
    public LogOffset LogEnd => throw new NotSupportedException();

    /// <summary>All below survives a power cut.</summary>
    public LogOffset FlushedEnd => throw new NotSupportedException();

    /// <summary>All below may be shown to consumers: the flushed end with <c>flush=ack</c>, else the log end.</summary>
    public LogOffset ReadableEnd => throw new NotSupportedException();

    /// <summary>Stamped into the next batch.</summary>
    public LeaderEpoch LeaderEpoch => throw new NotSupportedException();

    /// <summary>Bytes of all segments up to their logical ends, headers included.</summary>
    public long SizeBytes => throw new NotSupportedException();

    public int SegmentCount => throw new NotSupportedException();

    /// <summary>The first failure, when fenced.</summary>
    public StorageFault? Fault => throw new NotSupportedException();

    /// <summary>Damage found when the log was opened, in ascending order.</summary>
    public IReadOnlyList<LogDefect> Defects => throw new NotSupportedException();

    /// <summary>
    /// Validates, then appends client-built batches that lie one after the other; their offsets and epoch are stamped in
    /// place. The memory is borrowed until the task ends.
    /// </summary>
    public ValueTask<AppendResult> AppendAsync(ReadOnlyMemory<byte> batches, AppendMode mode) =>
        throw new NotSupportedException();

    /// <summary>Whole batches from the one that holds <paramref name="from"/>, at least one if there is any below <paramref name="end"/>.</summary>
    public ReadResult Read(LogOffset from, int bytesMax, LogOffset end) => throw new NotSupportedException();

    /// <summary>The first record at or after the time, below the readable end.</summary>
    /// <exception cref="StorageException">The bytes are damaged, or the device failed.</exception>
    public ValueTask<OffsetLookup> FindByTimestampAsync(Timestamp at) => throw new NotSupportedException();

    public void Subscribe(ILogObserver observer) => throw new NotSupportedException();

    public void Unsubscribe(ILogObserver observer) => throw new NotSupportedException();
}

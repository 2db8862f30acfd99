using FastLog.Primitives;

namespace FastLog.Client;

/// <summary>
/// Reads partitions in order. The next answers are on their way while the application walks the current one. One caller
/// at a time.
/// </summary>
public sealed class Consumer : IAsyncDisposable
{
    internal Consumer()
    {
    }

    /// <summary>The assigned partitions with their state, in the order of the assignments.</summary>
    public IReadOnlyList<ConsumerPartition> Partitions => throw new NotImplementedException();

    /// <summary>
    /// The next batches of one of the partitions; the caller disposes them. Null when all partitions are at their ends
    /// (with <see cref="ConsumerOptions.StopAtEnd"/> only); else waits for records.
    /// </summary>
    /// <exception cref="OffsetOutOfRangeException">The position is not in the log and the policy is to fail.</exception>
    /// <exception cref="FastLogException">Other errors that retrying does not mend; calling again tries again.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; nothing is lost, the call may be repeated.</exception>
    public ValueTask<ConsumedBatch?> NextBatchAsync(CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    /// <summary>The same as a sequence; the caller disposes each batch.</summary>
    public IAsyncEnumerable<ConsumedBatch> ReadBatchesAsync(CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    /// <summary>Record by record, each with memory of its own: handy, but <see cref="NextBatchAsync"/> is the fast way.</summary>
    public IAsyncEnumerable<ConsumedRecord> ReadRecordsAsync(CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    /// <summary>Goes on elsewhere in a partition; batches that were not yet given out are dropped.</summary>
    /// <exception cref="FastLogException">The position could not be resolved.</exception>
    /// <exception cref="ArgumentException">The partition is not assigned.</exception>
    public ValueTask SeekAsync(
        string topic, PartitionId partition, StartPosition position, CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    /// <summary>Stops fetching and gives all buffers back that were not given out.</summary>
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}

/// <summary>State of one assigned partition.</summary>
/// <param name="Position">The next offset that will be given out.</param>
/// <param name="LogStart">First readable offset as last told by the broker; none before the first answer.</param>
/// <param name="HighWatermark">End of what is readable as last told (exclusive); none before the first answer.</param>
/// <param name="StopAt">Where reading ends (exclusive); none when it follows.</param>
public readonly record struct ConsumerPartition(
    string Topic,
    PartitionId Partition,
    LogOffset Position,
    LogOffset LogStart,
    LogOffset HighWatermark,
    LogOffset StopAt);

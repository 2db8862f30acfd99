using System.Runtime.CompilerServices;
using FastLog.Primitives;

namespace FastLog.Client;

/// <summary>
/// Reads partitions in order. The next answers are on their way while the application walks the current one. One caller
/// at a time.
/// </summary>
public sealed class Consumer : IAsyncDisposable
{
    private readonly ConsumerCore _core;
    private int _isDisposed;

    private Consumer(ConsumerCore core) => _core = core;

    /// <summary>The assigned partitions with their state, in the order of the assignments.</summary>
    public IReadOnlyList<ConsumerPartition> Partitions => _core.Describe();

    /// <summary>
    /// The next batches of one of the partitions; the caller disposes them. Null when all partitions are at their ends
    /// (with <see cref="ConsumerOptions.StopAtEnd"/> only); else waits for records. Passing troubles (a broker that
    /// restarts, a leader that moved) are waited out for the client's request timeout.
    /// </summary>
    /// <exception cref="OffsetOutOfRangeException">
    /// The position is not in the log and the policy is to fail.
    /// </exception>
    /// <exception cref="LogTruncatedException">The log lost records that were read before.</exception>
    /// <exception cref="CorruptBatchException">A batch is damaged, stored or on its way.</exception>
    /// <exception cref="FastLogException">Other errors; calling again tries again.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; nothing is lost, the call may be repeated.</exception>
    public async ValueTask<ConsumedBatch?> NextBatchAsync(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        _core.FinishHanded();
        ConsumedBatch? batch = await _core.NextAsync(cancellationToken);
        if (batch is not null)
            _core.Hand(batch, batch.NextOffset);
        return batch;
    }

    /// <summary>The same as a sequence; the caller disposes each batch.</summary>
    public async IAsyncEnumerable<ConsumedBatch> ReadBatchesAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        while (await NextBatchAsync(cancellationToken) is { } batch)
            yield return batch;
    }

    /// <summary>
    /// Record by record, each with memory of its own: handy, but <see cref="NextBatchAsync"/> is the fast way. A loop that is
    /// left goes on behind its last record when another one begins.
    /// </summary>
    public async IAsyncEnumerable<ConsumedRecord> ReadRecordsAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        _core.FinishHanded();
        while (await _core.NextAsync(cancellationToken) is { } batch)
        {
            IReadOnlyList<ConsumedRecord> records;
            using (batch)
                records = batch.ToRecords();

            LogOffset next = batch.FirstOffset;
            int generation = batch.Cursor.Generation;
            try
            {
                // Each is done with when the next one is asked for: leaving the loop leaves the last one open.
                foreach (ConsumedRecord record in records)
                {
                    next = record.Offset.Next();
                    _core.Hand(batch, next);
                    yield return record;
                    _core.FinishHanded();
                }

                next = batch.NextOffset;
                _core.Hand(batch, next);
                _core.FinishHanded();
            }
            finally
            {
                // Unless the caller has sought another place.
                if (next < batch.NextOffset && generation == batch.Cursor.Generation)
                    _core.GoBack(batch.Cursor, next);
            }
        }
    }

    /// <summary>
    /// Commits all that was given out: the caller has done with it. With <see cref="ConsumerOptions.GroupId"/> only; it holds,
    /// also through a crash of the broker, when this ends.
    /// </summary>
    /// <exception cref="InvalidOperationException">The consumer has no group.</exception>
    /// <exception cref="FastLogException">It could not be committed; calling again tries again.</exception>
    public async ValueTask CommitAsync(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        GroupCommits commits = _core.Commits;
        _core.FinishHanded();
        await commits.CommitAsync(repeats: false, cancellationToken);
    }

    /// <summary>Commits the positions given, whatever was given out; for applications that keep count themselves.</summary>
    /// <inheritdoc cref="CommitAsync(CancellationToken)"/>
    public async ValueTask CommitAsync(
        IReadOnlyList<CommittedPosition> positions, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(positions);
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        await _core.Commits.CommitAsync(positions, cancellationToken);
    }

    /// <summary>Goes on elsewhere in a partition; batches that were not yet given out are dropped.</summary>
    /// <exception cref="FastLogException">The position could not be resolved.</exception>
    /// <exception cref="ArgumentException">The partition is not assigned.</exception>
    public async ValueTask SeekAsync(
        string topic, PartitionId partition, StartPosition position, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        await _core.SeekAsync(topic, partition, position, cancellationToken);
    }

    /// <summary>Stops fetching, commits what is done with (with a group and auto-commit), and gives all buffers back that were not given out.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
            await _core.DisposeAsync();
    }

    internal static async Task<Consumer> CreateAsync(
        ClientCore client, ConsumerOptions options, CancellationToken cancellationToken)
    {
        IReadOnlyList<PartitionCursor> cursors = await Assigning.ResolveAsync(client, options, cancellationToken);
        var core = new ConsumerCore(client, options, cursors);
        core.Start();
        return new Consumer(core);
    }
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

using System.Diagnostics;
using System.Runtime.InteropServices;
using FastLog.Primitives;
using FastLog.Records;
using FastLog.Records.Partitioning;

namespace FastLog.Client;

/// <summary>A producer's handle for one topic: the way of hot loops. Thread-safe; nothing to dispose.</summary>
public sealed class TopicProducer
{
    private readonly ProducerCore _producer;
    private readonly ProducerTopicState _state;

    internal TopicProducer(ProducerCore producer, ProducerTopicState state)
    {
        _producer = producer;
        _state = state;
    }

    public string Topic => _state.Name;

    public int PartitionCount => _state.Queues.Length;

    /// <summary>Accepts a record if there is room in the buffer; false, with nothing done, if there is none.</summary>
    /// <exception cref="FastLogException">There is no such partition, or the record is too large.</exception>
    /// <exception cref="ObjectDisposedException">The producer was disposed.</exception>
    public bool TrySend(in ProducerRecord record, out PendingReceipt receipt)
    {
        NullableBytes key = record.Key;
        Timestamp timestamp = record.Timestamp ?? _producer.Ports.Clock.WallNow;
        bool isSticky = record.Partition is null && key.IsNull && _state.Queues.Length > 1;
        AppendOutcome outcome = QueueFor(record.Partition, key).TryAppend(
            timestamp, key, record.Value, HeadersOf(record.Headers), isSticky, out receipt);

        // Without a key the next batch is another partition's: a fast sender would fill one partition only.
        if (outcome == AppendOutcome.BatchFull)
        {
            outcome = _state.NextSticky().TryAppend(
                timestamp, key, record.Value, HeadersOf(record.Headers), mayMoveOn: false, out receipt);
        }

        return outcome == AppendOutcome.Accepted;
    }

    /// <summary>Accepts a record; waits while the buffer is full.</summary>
    /// <exception cref="FastLogException">There is no such partition, or the record is too large.</exception>
    /// <exception cref="ObjectDisposedException">The producer was disposed.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the record was not accepted.</exception>
    public ValueTask<PendingReceipt> SendAsync(ProducerRecord record, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<PendingReceipt>(cancellationToken);
        return TrySend(record, out PendingReceipt receipt)
            ? new ValueTask<PendingReceipt>(receipt)
            : WaitAndSendAsync(record, cancellationToken);
    }

    /// <summary>
    /// Accepts a record and waits until it is acknowledged. Cancelling stops the waiting, not an accepted record.
    /// </summary>
    /// <exception cref="FastLogException">The record failed.</exception>
    public async ValueTask<ProduceReceipt> ProduceAsync(
        ProducerRecord record, CancellationToken cancellationToken = default)
    {
        using Activity? activity = ClientMetrics.Activities.StartActivity("Produce", ActivityKind.Producer);
        PendingReceipt pending = await SendAsync(record, cancellationToken);
        if (pending.IsCompleted || !cancellationToken.CanBeCanceled)
            return await pending;
        return await pending.AsTask().WaitAsync(cancellationToken);
    }

    /// <summary>
    /// Ends when <see cref="TrySend"/> may have room again; made for after it said no, and at once when there is
    /// nothing in the buffer to wait for.
    /// </summary>
    public async ValueTask WaitForRoomAsync(CancellationToken cancellationToken = default)
    {
        long seen = _producer.Budget.Room.Version;
        if (_producer.Budget.HasRoom)
            return;
        PushIfLingering();
        await _producer.Budget.Room.WaitAsync(seen, cancellationToken);
    }

    private static ReadOnlySpan<RecordHeader> HeadersOf(IReadOnlyList<RecordHeader>? headers) => headers switch
    {
        null => default,
        RecordHeader[] array => array,
        List<RecordHeader> list => CollectionsMarshal.AsSpan(list),
        _ => headers.ToArray(),
    };

    private PartitionQueue QueueFor(PartitionId? partition, in NullableBytes key)
    {
        if (partition is { } given)
            return _state.QueueOf(given);
        if (key.IsNull)
            return _state.NextSticky();
        PartitionQueue[] queues = _state.Queues;
        return queues[KeyPartitioner.PartitionOf(key.Span, queues.Length).Value];
    }

    private async ValueTask<PendingReceipt> WaitAndSendAsync(ProducerRecord record, CancellationToken cancellationToken)
    {
        while (true)
        {
            long seen = _producer.Budget.Room.Version;
            if (TrySend(record, out PendingReceipt receipt))
                return receipt;
            PushIfLingering();
            await _producer.Budget.Room.WaitAsync(seen, cancellationToken);
        }
    }

    /// <summary>A full buffer must not wait for lingers to end.</summary>
    private void PushIfLingering()
    {
        if (_producer.Options.Linger > TimeSpan.Zero)
            _producer.PushAll(null);
    }
}

using System.Runtime.CompilerServices;
using FastLog.Primitives;

namespace FastLog.Client;

/// <summary>
/// A record that was accepted and is on its way. Await it for the receipt, as often as you like and from any thread;
/// not awaiting it costs nothing. A failure shows when it is awaited, and else in <see cref="Producer.FlushAsync"/>.
/// </summary>
public readonly struct PendingReceipt : IEquatable<PendingReceipt>
{
    private readonly ProducerBatch? _batch;
    private readonly int _index;
    private readonly Timestamp _timestamp;

    internal PendingReceipt(ProducerBatch batch, int index, Timestamp timestamp)
    {
        _batch = batch;
        _index = index;
        _timestamp = timestamp;
    }

    /// <summary>The record was acknowledged or has failed.</summary>
    public bool IsCompleted => Batch.IsCompleted;

    /// <summary>The partition that was chosen.</summary>
    public PartitionId Partition => Batch.Queue.Partition;

    private ProducerBatch Batch =>
        _batch ?? throw new InvalidOperationException("this receipt belongs to no record: the send was not accepted");

    public PendingReceiptAwaiter GetAwaiter()
    {
        Batch.Observe();
        return new PendingReceiptAwaiter(this);
    }

    /// <summary>The same as a task, for combinators.</summary>
    public async Task<ProduceReceipt> AsTask() => await this;

    public bool Equals(PendingReceipt other) => ReferenceEquals(_batch, other._batch) && _index == other._index;

    public override bool Equals(object? obj) => obj is PendingReceipt other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(_batch, _index);

    public static bool operator ==(PendingReceipt left, PendingReceipt right) => left.Equals(right);

    public static bool operator !=(PendingReceipt left, PendingReceipt right) => !left.Equals(right);

    internal TaskAwaiter GetCompletionAwaiter() => Batch.Completion.GetAwaiter();

    internal ProduceReceipt Read()
    {
        ProducerBatch batch = Batch;
        if (!batch.IsCompleted)
            throw new InvalidOperationException("the receipt is not there yet: await it");
        PartitionQueue queue = batch.Queue;
        if (batch.Failure is { } failure)
            throw failure.ToException(queue.Topic, queue.Partition);
        LogOffset offset = batch.BaseOffset.IsNone ? LogOffset.None : batch.BaseOffset.Plus(_index);
        return new ProduceReceipt(queue.Partition, offset, batch.Durability, _timestamp);
    }
}

/// <summary>For <c>await</c>.</summary>
public readonly struct PendingReceiptAwaiter : ICriticalNotifyCompletion
{
    private readonly PendingReceipt _receipt;

    internal PendingReceiptAwaiter(PendingReceipt receipt) => _receipt = receipt;

    public bool IsCompleted => _receipt.IsCompleted;

    /// <exception cref="FastLogException">The record failed.</exception>
    public ProduceReceipt GetResult() => _receipt.Read();

    public void OnCompleted(Action continuation) => _receipt.GetCompletionAwaiter().OnCompleted(continuation);

    public void UnsafeOnCompleted(Action continuation) =>
        _receipt.GetCompletionAwaiter().UnsafeOnCompleted(continuation);
}

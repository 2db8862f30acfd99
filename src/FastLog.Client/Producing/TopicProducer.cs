namespace FastLog.Client;

/// <summary>A producer's handle for one topic: the way of hot loops. Thread-safe; nothing to dispose.</summary>
public sealed class TopicProducer
{
    internal TopicProducer()
    {
    }

    public string Topic => throw new NotImplementedException();

    public int PartitionCount => throw new NotImplementedException();

    /// <summary>Accepts a record if there is room in the buffer; false, with nothing done, if there is none.</summary>
    /// <exception cref="FastLogException">There is no such partition, or the record is too large.</exception>
    /// <exception cref="ObjectDisposedException">The producer was disposed.</exception>
    public bool TrySend(in ProducerRecord record, out PendingReceipt receipt) => throw new NotImplementedException();

    /// <summary>Accepts a record; waits while the buffer is full.</summary>
    /// <inheritdoc cref="TrySend"/>
    public ValueTask<PendingReceipt> SendAsync(
        ProducerRecord record, CancellationToken cancellationToken = default) => throw new NotImplementedException();

    /// <summary>Accepts a record and waits until it is acknowledged. Cancelling stops the waiting, not an accepted record.</summary>
    /// <exception cref="FastLogException">The record failed.</exception>
    public ValueTask<ProduceReceipt> ProduceAsync(
        ProducerRecord record, CancellationToken cancellationToken = default) => throw new NotImplementedException();

    /// <summary>Ends when <see cref="TrySend"/> may have room again.</summary>
    public ValueTask WaitForRoomAsync(CancellationToken cancellationToken = default) => throw new NotImplementedException();
}

namespace FastLog.Client;

/// <summary>
/// Sends records: collects them in batches, sends batches of several partitions in one request, and tells for each record
/// what became of it. Thread-safe; the records one thread sends to one partition keep their order.
/// </summary>
public sealed class Producer : IAsyncDisposable
{
    internal Producer()
    {
    }

    /// <summary>Bytes of batches that are not acknowledged yet.</summary>
    public long BufferedBytes => throw new NotImplementedException();

    /// <summary>Looks a topic up and gives the handle to send with. Handles of a topic may be taken more than once.</summary>
    /// <exception cref="FastLogException">There is no such topic, no broker answers, …</exception>
    public ValueTask<TopicProducer> OpenTopicAsync(string topic, CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    /// <summary>Accepts a record; waits while the buffer is full. The answer is the receipt to be awaited, or not.</summary>
    /// <exception cref="FastLogException">There is no such topic or partition, the record is too large, …</exception>
    public ValueTask<PendingReceipt> SendAsync(
        string topic, ProducerRecord record, CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    /// <summary>Accepts a record and waits until it is acknowledged. Cancelling stops the waiting, not an accepted record.</summary>
    /// <exception cref="FastLogException">The record failed.</exception>
    public ValueTask<ProduceReceipt> ProduceAsync(
        string topic, ProducerRecord record, CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    /// <summary>
    /// Waits until all that was accepted before the call is acknowledged or has failed; then throws the failure of the
    /// first failed batch of which no receipt was awaited, and forgets all failures: each is thrown once.
    /// </summary>
    /// <exception cref="FastLogException">A record failed that nobody awaited.</exception>
    public ValueTask FlushAsync(CancellationToken cancellationToken = default) => throw new NotImplementedException();

    /// <summary>Waits for what was accepted, at most the dispose timeout; what is left then fails. Does not throw.</summary>
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}

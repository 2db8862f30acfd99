using System.Collections.Concurrent;

namespace FastLog.Client;

/// <summary>
/// Sends records: collects them in batches, sends batches of several partitions in one request, and tells for each
/// record what became of it. Thread-safe; what one thread sends to one partition keeps its order.
/// </summary>
/// <remarks>
/// By default the producer is idempotent: the log has each record once and in the order of sending, through lost answers,
/// retries and restarts of the broker. A batch that is not acknowledged within <see cref="ProducerOptions.DeliveryTimeout"/> fails with
/// <see cref="FastLogException.IsOutcomeUnknown"/> when it may be in the log; later ones still follow in order. Without idempotence a
/// batch whose answer was lost may be in the log twice, and with several requests in flight a broker that refuses a batch for
/// a passing reason (busy, disk full) may have taken the next one already.
/// </remarks>
public sealed class Producer : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, TopicProducer> _topics = new(StringComparer.Ordinal);
    private readonly ProducerCore _producer;
    private int _isDisposed;

    internal Producer(ClientCore core, ProducerOptions options) => _producer = new ProducerCore(core, options);

    /// <summary>Bytes of batches that are not acknowledged yet.</summary>
    public long BufferedBytes => _producer.Budget.Used;

    /// <summary>
    /// Looks a topic up and gives the handle to send with. Handles of a topic may be taken more than once.
    /// </summary>
    /// <exception cref="FastLogException">There is no such topic, no broker answers, …</exception>
    public async ValueTask<TopicProducer> OpenTopicAsync(string topic, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(topic);
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        if (_topics.TryGetValue(topic, out TopicProducer? known))
            return known;
        ProducerTopicState state = await _producer.OpenTopicAsync(topic, cancellationToken);
        return _topics.GetOrAdd(
            topic,
            static (_, made) => new TopicProducer(made.Producer, made.State),
            (Producer: _producer, State: state));
    }

    /// <summary>
    /// Accepts a record; waits while the buffer is full. The answer is the receipt to be awaited, or not.
    /// </summary>
    /// <exception cref="FastLogException">There is no such topic or partition, the record is too large, …</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the record was not accepted.</exception>
    public ValueTask<PendingReceipt> SendAsync(
        string topic, ProducerRecord record, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(topic);
        return _topics.TryGetValue(topic, out TopicProducer? known)
            ? known.SendAsync(record, cancellationToken)
            : OpenAndSendAsync(topic, record, cancellationToken);
    }

    /// <summary>
    /// Accepts a record and waits until it is acknowledged. Cancelling stops the waiting, not an accepted record.
    /// </summary>
    /// <exception cref="FastLogException">The record failed.</exception>
    public async ValueTask<ProduceReceipt> ProduceAsync(
        string topic, ProducerRecord record, CancellationToken cancellationToken = default)
    {
        TopicProducer opened = await OpenTopicAsync(topic, cancellationToken);
        return await opened.ProduceAsync(record, cancellationToken);
    }

    /// <summary>
    /// Sends at once what waits for more records, and waits until all that was accepted before the call is acknowledged
    /// or has failed. Then throws the failure of the first failed batch of which no receipt was awaited, and forgets
    /// all failures so far: each is thrown once at most.
    /// </summary>
    /// <exception cref="FastLogException">A record failed that nobody awaited.</exception>
    public async ValueTask FlushAsync(CancellationToken cancellationToken = default)
    {
        List<ProducerBatch> pending = [];
        _producer.PushAll(pending);
        await WaitForAllAsync(pending).WaitAsync(cancellationToken);
        if (_producer.TakeUnobservedFailure() is { } failure)
            throw failure;
    }

    /// <summary>
    /// Waits for what was accepted, at most <see cref="ProducerOptions.DisposeTimeout"/>; what is left then fails. Does
    /// not throw: flush first to hear of failures.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
            return;
        List<ProducerBatch> pending = [];
        _producer.PushAll(pending);
        if (pending.Count > 0)
        {
            using var deadline = new Deadline(_producer.Ports, _producer.Options.DisposeTimeout, _producer.Stopping);
            try
            {
                await WaitForAllAsync(pending).WaitAsync(deadline.Token);
            }
            catch (OperationCanceledException)
            {
                // What is left fails below.
            }
        }

        await _producer.DisposeAsync();
    }

    private static async Task WaitForAllAsync(List<ProducerBatch> batches)
    {
        foreach (ProducerBatch batch in batches)
            await batch.Completion;
    }

    private async ValueTask<PendingReceipt> OpenAndSendAsync(
        string topic, ProducerRecord record, CancellationToken cancellationToken)
    {
        TopicProducer opened = await OpenTopicAsync(topic, cancellationToken);
        return await opened.SendAsync(record, cancellationToken);
    }
}

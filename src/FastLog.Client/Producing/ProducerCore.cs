using FastLog.Primitives;
using FastLog.Protocol;

namespace FastLog.Client;

/// <summary>
/// What the parts of one producer share: options, memory, senders by broker, failures, the sweep. Thread-safe.
/// </summary>
internal sealed class ProducerCore : IThreadPoolWorkItem, IAsyncDisposable
{
    private const int SweepsPerDeliveryTimeout = 10;

    private static readonly TimeSpan SweepIntervalMax = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SweepIntervalMin = TimeSpan.FromMilliseconds(1);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stopping;
    private readonly Dictionary<string, ProducerTopicState> _topics = [];
    private readonly List<BrokerSender> _senders = [];
    private readonly List<ProducerBatch> _failed = [];
    private readonly LeaderSearch _search;
    private readonly BrokerPool _pool;
    private int _isSweepSet;
    private Task _refreshing = Task.CompletedTask;

    public ProducerCore(ClientCore core, ProducerOptions options)
    {
        Core = core;
        Options = options;
        Budget = new MemoryBudget(options.BufferBytes, core.Ports.Timers);
        _stopping = CancellationTokenSource.CreateLinkedTokenSource(core.Stopping);
        Stopping = _stopping.Token;
        _pool = new BrokerPool(core);
        _search = new LeaderSearch(this);
        Identity = new ProducerIdentity(this);
    }

    public ClientCore Core { get; }

    public ProducerOptions Options { get; }

    public RuntimePorts Ports => Core.Ports;

    public MemoryBudget Budget { get; }

    public ProducerIdentity Identity { get; }

    public TimeSpan RequestTimeout => Options.RequestTimeout ?? Core.Options.RequestTimeout;

    /// <summary>Cancelled when the producer or the client is disposed.</summary>
    public CancellationToken Stopping { get; }

    public MonotonicTime DeadlineOf(ProducerBatch batch) => batch.OpenedAt.Plus(Options.DeliveryTimeout);

    public TimeSpan BackoffAfter(int failures) => Core.Backoff.After(failures);

    public async ValueTask<ProducerTopicState> OpenTopicAsync(string topic, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(Stopping.IsCancellationRequested, typeof(Producer));
        lock (_gate)
        {
            if (_topics.TryGetValue(topic, out ProducerTopicState? known))
                return known;
        }

        TopicSnapshot snapshot = await Core.Metadata.GetAsync(topic, allowCreate: true, cancellationToken);
        long id = Options.IsIdempotent ? await Identity.GetAsync().WaitAsync(cancellationToken) : -1;
        lock (_gate)
        {
            if (_topics.TryGetValue(topic, out ProducerTopicState? known))
                return known;
            var made = new ProducerTopicState(this, snapshot, id);
            if (_topics.Count == 0)
                _refreshing = PeriodicRefresh.RunAsync(Core, RefreshTopicsAsync, Stopping);
            _topics.Add(topic, made);
            return made;
        }
    }

    /// <summary>The queue has something that may leave, and is marked as scheduled.</summary>
    public void Schedule(PartitionQueue queue)
    {
        if (queue.Sender is { } sender)
            sender.Enqueue(queue);
        else if (!queue.TopicState.IsStale && TryAssign(queue))
            queue.Sender!.Enqueue(queue);
        else
            _search.Add(queue);
    }

    /// <summary>The broker that led the scheduled queue cannot be reached.</summary>
    public void LeaderLost(PartitionQueue queue, FastLogException? cause)
    {
        if (cause is not null)
            queue.LastProblem = new BatchFailure(
                FailureKind.Unreachable, cause.Code, cause.Message, cause.Broker, IsOutcomeUnknown: false);
        queue.Sender = null;
        queue.TopicState.MarkStale();
        if (!Stopping.IsCancellationRequested)
            _search.Add(queue);
    }

    /// <summary>Gives the queue the sender of its leader, as the metadata knows it.</summary>
    public bool TryAssign(PartitionQueue queue)
    {
        if (_pool.Find(queue.TopicState.Snapshot.LeaderOf(queue.Partition)) is not { } link)
            return false;
        queue.Sender = SenderOf(link);
        return true;
    }

    /// <summary>A batch is in the buffer: its age is watched from now on.</summary>
    public void Started()
    {
        if (Volatile.Read(ref _isSweepSet) == 0 && Interlocked.Exchange(ref _isSweepSet, 1) == 0)
            SetSweep();
    }

    /// <summary>Ends a batch that is out of its queue.</summary>
    public void Fail(ProducerBatch batch, BatchFailure failure)
    {
        int records = batch.Builder.RecordCount;
        lock (_gate)
        {
            if (_failed.Count < ClientLimits.FailuresKeptMax)
                _failed.Add(batch);
        }

        batch.Fail(failure);
        Core.Metrics.ProduceFailures.Add(records);
        Core.Log(
            ClientLogLevel.Warning,
            $"{records} records of {batch.Queue.Topic}/{batch.Queue.Partition} failed: {failure.Message}");
    }

    /// <summary>Lets everything leave that waits for more records.</summary>
    public void PushAll(List<ProducerBatch>? pending)
    {
        foreach (ProducerTopicState topic in Topics())
        {
            foreach (PartitionQueue queue in topic.Queues)
                queue.Push(pending);
        }
    }

    /// <summary>Forgets all failures so far and gives the first that nobody was told of, if any.</summary>
    public FastLogException? TakeUnobservedFailure()
    {
        lock (_gate)
        {
            ProducerBatch? first = _failed.Find(static batch => !batch.IsObserved);
            _failed.Clear();
            return first?.Failure!.ToException(first.Queue.Topic, first.Queue.Partition);
        }
    }

    /// <summary>Fails what is left and closes the connections.</summary>
    public async ValueTask DisposeAsync()
    {
        List<ProducerBatch> left = [];
        foreach (ProducerTopicState topic in Topics())
        {
            foreach (PartitionQueue queue in topic.Queues)
                queue.Close(left);
        }

        var disposed = new BatchFailure(
            FailureKind.Abandoned, ErrorCode.None, "the producer was disposed", null, IsOutcomeUnknown: false);
        foreach (ProducerBatch batch in left)
            Fail(batch, disposed with { IsOutcomeUnknown = batch.MayHaveArrived });
        _stopping.Cancel();
        await _pool.CloseAsync();
        await _search.Running;
        await Identity.Renewing;
        await _refreshing;
        List<BrokerSender> senders;
        lock (_gate)
            senders = [.. _senders];
        foreach (BrokerSender sender in senders)
            await sender.Connecting;
        Budget.Room.Pulse();
        _stopping.Dispose();
    }

    /// <summary>The sweep: fails what has become too old. Not for callers.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        List<ProducerBatch> expired = [];
        MonotonicTime now = Ports.Clock.Now;
        foreach (ProducerTopicState topic in Topics())
        {
            foreach (PartitionQueue queue in topic.Queues)
                queue.TakeExpired(now, expired);
        }

        foreach (ProducerBatch batch in expired)
            Fail(batch, TooOld(batch));
        Volatile.Write(ref _isSweepSet, 0);
        if (Budget.Used > 0)
            Started();
    }

    private async Task RefreshTopicsAsync()
    {
        foreach (ProducerTopicState topic in Topics())
        {
            try
            {
                topic.Accept(await Core.Metadata.RefreshAsync(topic.Snapshot, Stopping));
            }
            catch (FastLogException cause)
            {
                // A batch that meets the same trouble tells it to its sender.
                Core.Log(ClientLogLevel.Debug, $"{topic.Name}: metadata stays as it was: {cause.Message}", cause);
            }
        }
    }

    private BatchFailure TooOld(ProducerBatch batch)
    {
        BatchFailure? last = batch.Queue.LastProblem;
        string why = last is null ? "no answer from a broker" : last.Message;
        bool isUnreachable = last is { Kind: FailureKind.Unreachable } && !batch.MayHaveArrived;
        return new BatchFailure(
            isUnreachable ? FailureKind.Unreachable : FailureKind.TimedOut,
            last?.Code ?? ErrorCode.None,
            $"not acknowledged within {Options.DeliveryTimeout.TotalSeconds:0.###} s: {why}",
            last?.Broker,
            batch.MayHaveArrived);
    }

    private ProducerTopicState[] Topics()
    {
        lock (_gate)
            return [.. _topics.Values];
    }

    private BrokerSender SenderOf(BrokerLink link)
    {
        lock (_gate)
        {
            foreach (BrokerSender sender in _senders)
            {
                if (ReferenceEquals(sender.Link, link))
                    return sender;
            }

            var made = new BrokerSender(this, link);
            _senders.Add(made);
            return made;
        }
    }

    private void SetSweep()
    {
        TimeSpan interval = Options.DeliveryTimeout / SweepsPerDeliveryTimeout;
        if (interval > SweepIntervalMax)
            interval = SweepIntervalMax;
        if (interval < SweepIntervalMin)
            interval = SweepIntervalMin;
        Ports.Timers.Schedule(interval, this);
    }
}

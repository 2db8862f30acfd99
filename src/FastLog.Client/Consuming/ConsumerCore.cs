using FastLog.Primitives;
using FastLog.Protocol;

namespace FastLog.Client;

/// <summary>
/// What is between the fetchers and the application: the cursors, the queue of what was received, the search for
/// leaders. Its lock guards cursors and queue, is short, and is never held over I/O. Thread-safe.
/// </summary>
internal sealed class ConsumerCore : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stopping;
    private readonly List<BrokerFetcher> _fetchers = [];
    private readonly BrokerPool _pool;
    private Queue<Delivery> _queue = new();
    private long _queuedBytes;
    private volatile IReadOnlyList<PartitionCursor> _cursors;
    private Task _assigning = Task.CompletedTask;
    private Task _discovering = Task.CompletedTask;
    private readonly GroupCommits? _commits;

    public ConsumerCore(ClientCore client, ConsumerOptions options, IReadOnlyList<PartitionCursor> cursors)
    {
        Client = client;
        Options = options;
        _cursors = cursors;
        _pool = new BrokerPool(client);
        _stopping = CancellationTokenSource.CreateLinkedTokenSource(client.Stopping);
        Stopping = _stopping.Token;
        Received = new PulseGate(client.Ports.Timers);
        Wanted = new PulseGate(client.Ports.Timers);
        _commits = options.GroupId is { } group ? new GroupCommits(this, group) : null;

        // Who waits for a batch must hear of it, also when only the client is disposed.
        Stopping.UnsafeRegister(static core => ((ConsumerCore)core!).Received.Pulse(), this);
    }

    public ClientCore Client { get; }

    public ConsumerOptions Options { get; }

    public CancellationToken Stopping { get; }

    /// <summary>Pulsed when there is something for the application.</summary>
    public PulseGate Received { get; }

    /// <summary>Pulsed when there is something to fetch or to search again.</summary>
    public PulseGate Wanted { get; }

    public TimeSpan RequestTimeout => Options.RequestTimeout ?? Client.Options.RequestTimeout;

    /// <summary>The lock of all cursors.</summary>
    public Lock Gate => _gate;

    /// <summary>More bytes are received and not given out than two answers may have. Under the lock.</summary>
    public bool IsFull => _queuedBytes >= (long)Options.FetchBytesMax * ClientLimits.PrefetchedResponsesMax;

    /// <summary>All partitions that are read, in the order in which they came. A list that was taken does not change.</summary>
    public IReadOnlyList<PartitionCursor> Cursors => _cursors;

    public void Start()
    {
        _assigning = AssignLeadersAsync();
        _discovering = new PartitionDiscovery(this).RunAsync();
        _commits?.Start();
    }

    /// <summary>Reads these partitions as well.</summary>
    public void Add(IReadOnlyList<PartitionCursor> cursors)
    {
        lock (_gate)
        {
            if (_cursors.Count + cursors.Count <= ClientLimits.ConsumerPartitionsMax)
                _cursors = [.. _cursors, .. cursors];
            else
                Enqueue(new FastLogException(ErrorCode.InvalidRequest, Assigning.TooMany), []);
        }

        Wanted.Pulse();
        Received.Pulse();
    }

    /// <summary>The group's commits.</summary>
    /// <exception cref="InvalidOperationException">The consumer has no group.</exception>
    public GroupCommits Commits => _commits
        ?? throw new InvalidOperationException($"a consumer without {nameof(ConsumerOptions.GroupId)} commits nothing");

    /// <summary>The application came back: it has done with all that it was given.</summary>
    public void FinishHanded()
    {
        if (_commits is null)
            return;
        lock (_gate)
        {
            foreach (PartitionCursor cursor in _cursors)
                cursor.Finish();
        }
    }

    /// <summary>These records of the batch, up to an offset (exclusive), are given to the application.</summary>
    public void Hand(ConsumedBatch batch, LogOffset end)
    {
        if (_commits is null)
            return;
        lock (_gate)
        {
            batch.Cursor.Handed = end;
            batch.Cursor.HandedEpoch = batch.Run.LastEpoch;
        }
    }

    public async ValueTask<ConsumedBatch?> NextAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ObjectDisposedException.ThrowIf(Stopping.IsCancellationRequested, typeof(Consumer));
            long seen = Received.Version;
            if (TryTake(out ConsumedBatch? batch, out bool isDone))
            {
                Check(batch);
                return batch;
            }

            if (isDone)
                return null;
            await Received.WaitAsync(seen, cancellationToken);
        }
    }

    public async Task SeekAsync(
        string topic, PartitionId partition, StartPosition position, CancellationToken cancellationToken)
    {
        PartitionCursor cursor = _cursors.FirstOrDefault(
            cursor => cursor.Topic == topic && cursor.Partition == partition)
            ?? throw new ArgumentException($"{topic}/{partition} is not assigned to this consumer", nameof(partition));
        IReadOnlyList<LogOffset> offset = await Assigning.OffsetsOfAsync(
            Client, cursor.Snapshot, [partition], position, cancellationToken);
        Move(cursor, offset[0], LeaderEpoch.None);
    }

    /// <summary>What was taken from here on has not been given out, and will be: goes on there.</summary>
    public void GoBack(PartitionCursor cursor, LogOffset offset) => Move(cursor, offset, cursor.HandedEpoch);

    public IReadOnlyList<ConsumerPartition> Describe()
    {
        lock (_gate)
        {
            return [.. _cursors.Select(static cursor => new ConsumerPartition(
                cursor.Topic,
                cursor.Partition,
                cursor.Position,
                cursor.LogStart,
                cursor.HighWatermark,
                cursor.StopAt))];
        }
    }

    /// <summary>A run that was received. Under the lock; the caller pulses afterwards.</summary>
    public void Enqueue(ConsumedBatch batch)
    {
        PartitionCursor cursor = batch.Cursor;
        cursor.Undelivered++;
        _queuedBytes += batch.SizeBytes;
        _queue.Enqueue(new Delivery(batch, null, []));
    }

    /// <summary>
    /// An error to be thrown; the cursors rest until it was. Under the lock; the caller pulses afterwards.
    /// </summary>
    public void Enqueue(Exception error, IReadOnlyList<PartitionCursor> cursors)
    {
        foreach (PartitionCursor cursor in cursors)
            cursor.IsFailed = true;
        _queue.Enqueue(new Delivery(null, error, cursors));
    }

    /// <summary>
    /// Something went wrong that may pass: try again after a pause, unless it has been going on for too long. Under the
    /// lock.
    /// </summary>
    public void Retry(PartitionCursor cursor, Exception cause, bool mustFindLeader)
    {
        MonotonicTime now = Client.Ports.Clock.Now;
        cursor.FailingSince ??= now;
        cursor.RetryAt = now.Plus(Client.Backoff.After(++cursor.Failures));
        if (mustFindLeader)
        {
            cursor.IsStale = true;
            cursor.Fetcher = null;
        }

        if (now.Since(cursor.FailingSince.Value) < RequestTimeout)
            return;
        cursor.Succeeded();
        Enqueue(cause, [cursor]);
    }

    public async ValueTask DisposeAsync()
    {
        _stopping.Cancel();
        await _pool.CloseAsync();
        await _assigning;
        await _discovering;
        if (_commits is not null)
            await _commits.EndAsync();
        foreach (BrokerFetcher fetcher in _fetchers)
            await fetcher.Running;
        lock (_gate)
        {
            foreach (Delivery delivery in _queue)
                delivery.Batch?.Dispose();
            _queue.Clear();
        }

        Received.Pulse();
        _stopping.Dispose();
    }

    private bool TryTake(out ConsumedBatch? batch, out bool isDone)
    {
        Exception? error = null;
        batch = null;
        lock (_gate)
        {
            isDone = false;
            if (!_queue.TryDequeue(out Delivery delivery))
            {
                isDone = _cursors.All(static cursor => cursor.IsDone);
                return false;
            }

            batch = delivery.Batch;
            error = delivery.Error;
            if (batch is not null)
            {
                _queuedBytes -= batch.SizeBytes;
                batch.Cursor.Undelivered--;
                batch.Cursor.Position = batch.NextOffset;
            }

            foreach (PartitionCursor cursor in delivery.Cursors)
                cursor.IsFailed = false;
        }

        Wanted.Pulse();
        if (error is not null)
            throw error;
        return true;
    }

    private void Check(ConsumedBatch? batch)
    {
        if (batch is null || !Options.CheckCrc)
            return;
        try
        {
            if (batch.Verify())
                return;

            // What follows is asked for once more: damaged on the way, it may come whole; else it is told then.
            lock (_gate)
                MoveLocked(batch.Cursor, batch.NextOffset);
            Wanted.Pulse();
        }
        catch (CorruptBatchException)
        {
            // Damaged on the way: asking again may give it whole.
            lock (_gate)
                MoveLocked(batch.Cursor, batch.FirstOffset);
            batch.Dispose();
            Wanted.Pulse();
            throw;
        }
    }

    private void Move(PartitionCursor cursor, LogOffset offset, LeaderEpoch handedEpoch)
    {
        BrokerFetcher? fetcher;
        lock (_gate)
        {
            MoveLocked(cursor, offset);
            cursor.HandedEpoch = handedEpoch;
            fetcher = cursor.Fetcher;
        }

        fetcher?.Interrupt();
        Wanted.Pulse();
    }

    private void MoveLocked(PartitionCursor cursor, LogOffset offset)
    {
        var kept = new Queue<Delivery>();
        foreach (Delivery delivery in _queue)
        {
            if (delivery.Batch is { } batch && ReferenceEquals(batch.Cursor, cursor))
            {
                _queuedBytes -= batch.SizeBytes;
                batch.Dispose();
            }
            else if (delivery.Cursors.Count != 1 || !ReferenceEquals(delivery.Cursors[0], cursor))
            {
                kept.Enqueue(delivery);
            }
        }

        _queue = kept;
        cursor.MoveTo(offset);
    }

    /// <summary>Gives each cursor the fetcher of its leader, as long as there is something to read.</summary>
    private async Task AssignLeadersAsync()
    {
        try
        {
            while (!Stopping.IsCancellationRequested)
            {
                long seen = Wanted.Version;
                PartitionCursor? lost = AssignKnown(out TimeSpan? pause);
                if (lost is not null)
                    await RefreshAsync(lost);
                else if (pause is { } time)
                    await Wanted.WaitAsync(seen, time, Stopping);
                else
                    await Wanted.WaitAsync(seen, Stopping);
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }

    /// <summary>
    /// Assigns all cursors whose leader is known; gives one whose topic must be asked again, if there is one.
    /// </summary>
    private PartitionCursor? AssignKnown(out TimeSpan? pause)
    {
        pause = null;
        bool isAssigned = false;
        PartitionCursor? lost = null;
        lock (_gate)
        {
            MonotonicTime now = Client.Ports.Clock.Now;
            foreach (PartitionCursor cursor in _cursors)
            {
                if (cursor.Fetcher is not null || cursor.IsFailed || cursor.IsAtEnd)
                    continue;
                if (cursor.RetryAt is { } at && at > now)
                {
                    TimeSpan left = at.Since(now);
                    pause = pause is { } shorter && shorter < left ? shorter : left;
                    continue;
                }

                if (!cursor.IsStale && _pool.Find(cursor.Snapshot.LeaderOf(cursor.Partition)) is { } link)
                {
                    cursor.Fetcher = FetcherOf(link);
                    isAssigned = true;
                }
                else
                {
                    lost ??= cursor;
                }
            }
        }

        if (isAssigned)
            Wanted.Pulse();
        return lost;
    }

    private async Task RefreshAsync(PartitionCursor lost)
    {
        TopicSnapshot old = lost.Snapshot;
        TopicSnapshot? fresh = null;
        FastLogException? error = null;
        try
        {
            fresh = await Client.Metadata.RefreshAsync(old, Stopping);
            if (fresh.Id != old.Id)
                error = new FastLogException(ErrorCode.UnknownTopicId, $"{old.Name} was deleted and made again")
                {
                    Topic = old.Name,
                };
        }
        catch (FastLogException cause)
        {
            error = cause;
        }
        catch (ObjectDisposedException)
        {
            return; // the client is being disposed, and this with it
        }

        lock (_gate)
        {
            List<PartitionCursor> touched =
                [.. _cursors.Where(cursor => cursor.Topic == old.Name && cursor.Fetcher is null && !cursor.IsFailed)];
            if (error is { IsRetriable: false })
            {
                Enqueue(error, touched);
            }
            else
            {
                foreach (PartitionCursor cursor in touched)
                    Accept(cursor, fresh, error);
            }
        }

        Received.Pulse();
    }

    private void Accept(PartitionCursor cursor, TopicSnapshot? fresh, FastLogException? error)
    {
        if (fresh is null)
        {
            Retry(cursor, error!, mustFindLeader: true);
            return;
        }

        cursor.Snapshot = fresh;
        cursor.IsStale = false;
        if (_pool.Find(fresh.LeaderOf(cursor.Partition)) is null)
        {
            var cause = new FastLogException(ErrorCode.NotReady, $"{cursor.Topic}/{cursor.Partition} has no leader")
            {
                Topic = cursor.Topic,
                Partition = cursor.Partition,
                IsRetriable = true,
            };
            Retry(cursor, cause, mustFindLeader: true);
        }
    }

    private BrokerFetcher FetcherOf(BrokerLink link)
    {
        foreach (BrokerFetcher fetcher in _fetchers)
        {
            if (ReferenceEquals(fetcher.Link, link))
                return fetcher;
        }

        var made = new BrokerFetcher(this, link);
        _fetchers.Add(made);
        made.Start();
        return made;
    }

    /// <summary>
    /// One thing for the application: a run of batches, or an error with those who wait for it to be thrown.
    /// </summary>
    private readonly record struct Delivery(
        ConsumedBatch? Batch, Exception? Error, IReadOnlyList<PartitionCursor> Cursors);
}

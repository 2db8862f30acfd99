using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Records;

namespace FastLog.Client;

/// <summary>
/// One partition's records between the caller and the broker: the open batch, the batches that wait, those in flight.
/// Its lock is held to copy one record or to move batches, never over I/O. Thread-safe.
/// </summary>
/// <remarks>
/// Batches leave in order. After a failure that a retry may mend nothing more leaves until all that is in flight has
/// its outcome; then the failed ones go first again. Until a broker has accepted something on a connection, one request
/// at a time is in flight, so that a broker that is not ready yet does not refuse the first and take the second.
/// </remarks>
internal sealed class PartitionQueue : IThreadPoolWorkItem
{
    private readonly Lock _gate = new();
    private readonly ProducerCore _producer;
    private readonly PartitionSequence? _sequence;
    private BatchList _batches;
    private ProducerBatch? _open;
    private ProducerBatch? _nextToSend;
    private IDisposable? _timer;
    private MonotonicTime _timerAt;
    private MonotonicTime? _retryAt;
    private int _requestsInFlight;
    private int _failures;
    private int _nextBufferBytes = ClientLimits.BatchBytesFirst;
    private bool _isProbing = true;
    private bool _isDraining;
    private bool _isPushed;
    private bool _isScheduled;
    private bool _isClosed;

    /// <param name="producer">The producer.</param>
    /// <param name="topic">The topic.</param>
    /// <param name="partition">The partition.</param>
    /// <param name="producerId">The id of an idempotent producer, or -1.</param>
    public PartitionQueue(ProducerCore producer, ProducerTopicState topic, PartitionId partition, long producerId)
    {
        if (producerId >= 0)
            _sequence = new PartitionSequence(producerId);
        _producer = producer;
        TopicState = topic;
        Partition = partition;
    }

    public ProducerTopicState TopicState { get; }

    public string Topic => TopicState.Name;

    public PartitionId Partition { get; }

    public MemoryBudget Budget => _producer.Budget;

    /// <summary>
    /// Who sends to the leader; null while it is looked for. Touched by the sender and the search alone.
    /// </summary>
    public BrokerSender? Sender { get; set; }

    /// <summary>What went wrong last, for the message of a batch that gets too old.</summary>
    public BatchFailure? LastProblem { get; set; }

    /// <summary>A batch takes records now: null keys stay with it.</summary>
    public bool HasOpenBatch => Volatile.Read(ref _open) is not null;

    /// <summary>Copies the record into the open batch, or into a new one.</summary>
    /// <param name="mayMoveOn">
    /// The record may go to any partition: where it does not fit the open batch, that one is sealed and the record is not taken.
    /// </param>
    /// <exception cref="FastLogException">The record is too large.</exception>
    public AppendOutcome TryAppend(
        Timestamp timestamp,
        in NullableBytes key,
        in NullableBytes value,
        ReadOnlySpan<RecordHeader> headers,
        bool mayMoveOn,
        out PendingReceipt receipt)
    {
        AppendOutcome outcome;
        bool isReady;
        lock (_gate)
        {
            ProducerBatch? open = _open;
            isReady = false;
            outcome = open is not null && open.Builder.TryAppend(timestamp, key, value, headers)
                ? AppendOutcome.Accepted
                : AppendWithRoom(timestamp, key, value, headers, mayMoveOn, out isReady);
            receipt = outcome == AppendOutcome.Accepted
                ? new PendingReceipt(_open!, _open!.Builder.RecordCount - 1, timestamp)
                : default;
            isReady = isReady && MayScheduleLocked();
        }

        if (isReady)
            _producer.Schedule(this);
        return outcome;
    }

    /// <summary>
    /// What is open becomes ready to leave at once, whatever the linger; used by flush and when the buffer is full.
    /// </summary>
    /// <param name="pending">Gets all batches that have not ended.</param>
    public void Push(List<ProducerBatch>? pending)
    {
        bool isReady;
        lock (_gate)
        {
            _isPushed |= _open is not null;
            for (ProducerBatch? batch = _batches.First; pending is not null && batch is not null; batch = batch.Next)
                pending.Add(batch);
            isReady = MayScheduleLocked();
        }

        if (isReady)
            _producer.Schedule(this);
    }

    /// <summary>
    /// Takes what may leave now, in order, into the request: sealed and in flight afterwards. By the sender alone.
    /// </summary>
    /// <returns>More could leave in a later request.</returns>
    public bool Take(ProduceAttempt attempt, int bytesMax, bool isFirstOfRequest)
    {
        lock (_gate)
        {
            _isScheduled = false;

            // A failure came in between: when its pause is over, the timer schedules again.
            if (!MayLeave())
                return MayScheduleLocked();
            int taken = 0;
            int size = 0;
            while (NextSendable() is { } batch)
            {
                // One that was sent before goes alone: it may be in the log where its neighbours are not.
                bool isAgain = batch.Numbers is not null;
                if (isAgain && taken > 0)
                    break;
                int next = batch.Builder.Size;
                bool isFree = taken == 0 && isFirstOfRequest;
                if (!isFree && size + next > bytesMax)
                    break;
                if (ReferenceEquals(batch, _open))
                    Seal();
                batch.State = BatchState.InFlight;
                _sequence?.Leave(batch);
                _nextToSend = batch.Next;
                attempt.Add(batch);
                size += next;
                taken++;
                if (isAgain)
                    break;
            }

            if (taken > 0)
                _requestsInFlight++;

            // Also when nothing was taken: an open batch that came while this was scheduled has no timer for its linger.
            return MayScheduleLocked();
        }
    }

    /// <summary>A request's batches were appended.</summary>
    public void OnAccepted(ReadOnlySpan<ProducerBatch> batches)
    {
        bool isReady;
        lock (_gate)
        {
            _isProbing = false;
            _failures = 0;
            _sequence?.CameBack(batches.Length);
            foreach (ProducerBatch batch in batches)
                EndLocked(batch);
            isReady = LeaveRequest();
        }

        if (isReady)
            _producer.Schedule(this);
    }

    /// <summary>
    /// A request's batches failed; those that may be tried again wait, the others are to be failed by the caller.
    /// </summary>
    /// <param name="code">What the broker said, if anything.</param>
    /// <param name="mayRetry">A retry may mend it.</param>
    /// <param name="mayHaveArrived">Whether they were appended is not known.</param>
    /// <param name="mustFindLeader">The broker is not, or no longer, the one to ask.</param>
    /// <returns>The batches that have failed for good.</returns>
    public List<ProducerBatch> OnFailed(
        ReadOnlySpan<ProducerBatch> batches, ErrorCode code, bool mayRetry, bool mayHaveArrived, bool mustFindLeader)
    {
        List<ProducerBatch> failed = [];
        bool isReady;
        lock (_gate)
        {
            MonotonicTime now = _producer.Ports.Clock.Now;
            _sequence?.CameBack(batches.Length);
            if (code == ErrorCode.ProducerFenced)
                _sequence?.Lose();
            foreach (ProducerBatch batch in batches)
            {
                batch.MayHaveArrived |= mayHaveArrived;
                batch.IsOutOfOrder = code == ErrorCode.OutOfOrderSequence;
                if (mayRetry && !_isClosed && now < _producer.DeadlineOf(batch))
                {
                    batch.State = BatchState.Waiting;
                    _isDraining = true;
                    continue;
                }

                EndLocked(batch);
                _sequence?.GaveUp(batch);
                failed.Add(batch);
            }

            _isProbing = true;
            if (_isDraining)
                _retryAt = now.Plus(_producer.BackoffAfter(++_failures));
            if (mustFindLeader)
                Sender = null;
            isReady = LeaveRequest();
        }

        if (isReady)
            _producer.Schedule(this);
        return failed;
    }

    /// <summary>Takes out what is too old to wait any longer.</summary>
    public void TakeExpired(MonotonicTime now, List<ProducerBatch> expired)
    {
        lock (_gate)
        {
            while (_batches.First is { } first && now >= _producer.DeadlineOf(first))
            {
                if (first.State == BatchState.InFlight)
                    return;
                if (ReferenceEquals(first, _open))
                    Seal();
                if (ReferenceEquals(first, _nextToSend))
                    _nextToSend = first.Next;
                EndLocked(first);
                _sequence?.GaveUp(first);
                expired.Add(first);
            }
        }
    }

    /// <summary>Accepts nothing more; takes out all that is not in flight.</summary>
    public void Close(List<ProducerBatch> left)
    {
        lock (_gate)
        {
            _isClosed = true;
            TakeAllLocked(left);
            _timer?.Dispose();
        }
    }

    /// <summary>
    /// Takes out all that is not in flight, since the topic is gone. By the search for the leader alone.
    /// </summary>
    public List<ProducerBatch> TakeAll()
    {
        List<ProducerBatch> taken = [];
        lock (_gate)
        {
            _isScheduled = false;
            TakeAllLocked(taken);
        }

        return taken;
    }

    /// <summary>Another producer id, which was asked for.</summary>
    public void Renew(long producerId)
    {
        bool isReady;
        lock (_gate)
        {
            _sequence!.Renew(producerId);
            _isProbing = true;
            isReady = MayScheduleLocked();
        }

        if (isReady)
            _producer.Schedule(this);
    }

    /// <summary>A linger or a pause is over. Not for callers.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        bool isReady;
        lock (_gate)
        {
            _timer?.Dispose();
            _timer = null;
            isReady = MayScheduleLocked();
        }

        if (isReady)
            _producer.Schedule(this);
    }

    private AppendOutcome AppendWithRoom(
        Timestamp timestamp,
        in NullableBytes key,
        in NullableBytes value,
        ReadOnlySpan<RecordHeader> headers,
        bool mayMoveOn,
        out bool isReady)
    {
        ObjectDisposedException.ThrowIf(_isClosed, typeof(Producer));
        isReady = false;
        long needed = BatchBuilder.BatchSizeFor(key, value, headers);
        if (_open is { } open)
        {
            if (TryGrow(open, needed) && open.Builder.TryAppend(timestamp, key, value, headers))
                return AppendOutcome.Accepted;
            _nextBufferBytes = _producer.Options.BatchBytes;
            Seal();
            isReady = true;
            if (mayMoveOn)
                return AppendOutcome.BatchFull;
        }

        if (needed > ClientLimits.BatchBytesMax)
            throw TooLarge(needed);
        int bytes = (int)Math.Max(needed, Math.Min(_nextBufferBytes, _producer.Options.BatchBytes));
        if (!Budget.TryTake(bytes))
            return AppendOutcome.NoRoom;

        // Not cleared when given back: these are this process's own records, not another client's.
        BufferLease lease = BufferPool.Shared.Rent(bytes);
        var batch = new ProducerBatch(this, lease, _producer.Ports.Clock.Now);
        Invariant.Check(batch.Builder.TryAppend(timestamp, key, value, headers));
        _batches.AddLast(batch);
        _nextToSend ??= batch;
        Volatile.Write(ref _open, batch);
        _producer.Started();
        isReady = true;
        return AppendOutcome.Accepted;
    }

    private bool TryGrow(ProducerBatch open, long needed)
    {
        int size = open.BufferBytes;
        int limit = _producer.Options.BatchBytes;
        long wanted = open.Builder.Size + needed;
        if (size >= limit || wanted > limit)
            return false;
        int larger = (int)Math.Min(limit, Math.Max(size * 4L, wanted));
        if (!Budget.TryTake(larger - size))
            return false;
        open.Grow(BufferPool.Shared.Rent(larger));
        return true;
    }

    private void Seal()
    {
        ProducerBatch sealing = _open!;
        sealing.State = BatchState.Waiting;
        int used = sealing.Builder.Size;
        if (used * 2 < _nextBufferBytes)
            _nextBufferBytes = Math.Max(ClientLimits.BatchBytesFirst, _nextBufferBytes / 2);
        _isPushed = false;
        Volatile.Write(ref _open, null);
    }

    /// <summary>
    /// The first batch that may leave: a sealed one, or the open one if nothing speaks for letting it fill.
    /// </summary>
    private ProducerBatch? NextSendable()
    {
        ProducerBatch? next = _nextToSend;
        if (next is not null && _sequence is { } sequence && !sequence.MayLeave(next))
            return null;
        if (next is null || !ReferenceEquals(next, _open))
            return next;
        if (_isPushed)
            return next;
        if (_producer.Options.Linger == TimeSpan.Zero)
            return _requestsInFlight == 0 ? next : null;
        return LingerLeft(next) <= TimeSpan.Zero ? next : null;
    }

    private TimeSpan LingerLeft(ProducerBatch batch) =>
        _producer.Options.Linger - _producer.Ports.Clock.Now.Since(batch.OpenedAt);

    private bool MayLeave()
    {
        if (_isDraining)
            return false;
        if (_isProbing && _requestsInFlight > 0)
            return false;
        return _retryAt is not { } at || _producer.Ports.Clock.Now >= at;
    }

    /// <summary>
    /// True when the caller must schedule the queue, now marked so; sets a timer where only time is missing.
    /// </summary>
    private bool MayScheduleLocked()
    {
        if (_isScheduled || _isClosed || _isDraining)
            return false;
        if (_isProbing && _requestsInFlight > 0)
            return false;
        if (_nextToSend is null)
            return false;

        // The broker does not know an epoch that begins: its first request goes alone until it is taken.
        if (_sequence is { } sequence && sequence.TryBump(this, _producer.Identity, _batches.First))
            _isProbing = true;
        TimeSpan pause = _retryAt is { } at ? at.Since(_producer.Ports.Clock.Now) : TimeSpan.Zero;
        if (pause > TimeSpan.Zero)
        {
            SetTimer(pause);
            return false;
        }

        _retryAt = null;
        if (NextSendable() is null)
        {
            if (_producer.Options.Linger > TimeSpan.Zero)
                SetTimer(LingerLeft(_nextToSend));
            return false;
        }

        _isScheduled = true;
        return true;
    }

    private void SetTimer(TimeSpan delay)
    {
        MonotonicTime at = _producer.Ports.Clock.Now.Plus(delay);
        if (_timer is not null && _timerAt <= at)
            return;
        _timer?.Dispose();
        _timerAt = at;
        _timer = _producer.Ports.Timers.Schedule(delay, this);
    }

    /// <summary>One request less; after the last one of a failed round the order is restored.</summary>
    private bool LeaveRequest()
    {
        _requestsInFlight--;
        if (_requestsInFlight > 0 && _isDraining)
            return false;
        if (_isDraining)
        {
            _isDraining = false;
            _sequence?.Resume(_batches.First);
            _nextToSend = _batches.First;
        }

        return MayScheduleLocked();
    }

    private void EndLocked(ProducerBatch batch)
    {
        _batches.Remove(batch);
        batch.State = BatchState.Ended;
    }

    private void TakeAllLocked(List<ProducerBatch> taken)
    {
        if (_open is not null)
            Seal();
        for (ProducerBatch? batch = _batches.First; batch is not null;)
        {
            ProducerBatch? next = batch.Next;
            if (batch.State != BatchState.InFlight)
            {
                EndLocked(batch);
                taken.Add(batch);
            }

            batch = next;
        }

        _nextToSend = null;
    }

    private FastLogException TooLarge(long needed) =>
        new(
            ErrorCode.BatchTooLarge,
            $"{Topic}/{Partition}: a record of {needed} bytes; at most {ClientLimits.BatchBytesMax} fit a batch")
        {
            Topic = Topic,
            Partition = Partition,
        };
}

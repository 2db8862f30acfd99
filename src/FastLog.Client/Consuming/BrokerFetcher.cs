using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Messages;
using FastLog.Transport;

namespace FastLog.Client;

/// <summary>
/// Fetches from one broker, one request after the other, each with all partitions it leads that are wanted now: while
/// the application walks an answer, the next one is on its way.
/// </summary>
internal sealed class BrokerFetcher(ConsumerCore consumer, BrokerLink link)
{
    /// <summary>Pause after an answer without records that the broker was not to wait for.</summary>
    private static readonly TimeSpan IdlePauseMax = TimeSpan.FromMilliseconds(20);

    private readonly List<Ask> _asks = [];
    private CancellationTokenSource? _current;
    private int _rotation;

    public BrokerLink Link => link;

    /// <summary>Ends when the consumer is disposed.</summary>
    public Task Running { get; private set; } = Task.CompletedTask;

    /// <summary>Under the consumer's lock.</summary>
    public void Start() => Running = RunAsync();

    /// <summary>Gives up the request under way: something else is wanted now.</summary>
    public void Interrupt()
    {
        CancellationTokenSource? current = Volatile.Read(ref _current);
        try
        {
            current?.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has just ended.
        }
    }

    private async Task RunAsync()
    {
        await Task.Yield(); // started under the lock
        try
        {
            while (!consumer.Stopping.IsCancellationRequested)
            {
                long seen = consumer.Wanted.Version;
                bool isComplete = Gather(out TimeSpan? pause);
                if (_asks.Count > 0)
                {
                    bool hasGot = await FetchAsync(isComplete);
                    if (!hasGot && (!isComplete || consumer.Options.FetchWaitMax < IdlePauseMax))
                        await consumer.Wanted.WaitAsync(seen, IdlePauseMax, consumer.Stopping);
                }
                else if (pause is { } time)
                {
                    await consumer.Wanted.WaitAsync(seen, time, consumer.Stopping);
                }
                else
                {
                    await consumer.Wanted.WaitAsync(seen, consumer.Stopping);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }

    /// <summary>
    /// What to ask for now; false when partitions are left out that the application has yet to catch up with.
    /// </summary>
    private bool Gather(out TimeSpan? pause)
    {
        pause = null;
        bool isComplete = true;
        _asks.Clear();
        lock (consumer.Gate)
        {
            MonotonicTime now = consumer.Client.Ports.Clock.Now;
            IReadOnlyList<PartitionCursor> cursors = consumer.Cursors;
            int first = _rotation++ % cursors.Count;
            for (int i = 0; i < cursors.Count && _asks.Count < ClientLimits.FetchPartitionsMax; i++)
            {
                PartitionCursor cursor = cursors[(first + i) % cursors.Count];
                if (!ReferenceEquals(cursor.Fetcher, this) || cursor.IsFailed || cursor.IsAtEnd)
                    continue;
                if (cursor.Undelivered >= ClientLimits.PrefetchedResponsesMax || consumer.IsFull)
                {
                    isComplete = false;
                    continue;
                }

                TimeSpan left = cursor.RetryAt is { } at ? at.Since(now) : TimeSpan.Zero;
                if (left > TimeSpan.Zero)
                    pause = pause is { } shorter && shorter < left ? shorter : left;
                else
                    _asks.Add(new Ask(cursor, cursor.Generation, cursor.FetchOffset));
            }
        }

        return isComplete && pause is null;
    }

    private async Task<bool> FetchAsync(bool isComplete)
    {
        using var current = CancellationTokenSource.CreateLinkedTokenSource(consumer.Stopping);
        Volatile.Write(ref _current, current);
        try
        {
            BrokerConnection connection = await link.GetAsync(current.Token);
            FetchRequest request = MakeRequest(isComplete, connection.Hello.Limits.FetchSizeMax);
            consumer.Client.Metrics.FetchRequests.Add(1);
            using InboundFrame frame = await connection.ExchangeAsync<FetchRequest, FetchResponse>(
                request, consumer.RequestTimeout + request.WaitMax, current.Token);
            return Accept(frame, connection.Address);
        }
        catch (FastLogException cause)
        {
            FailAll(cause);
            return false;
        }
        catch (OperationCanceledException) when (!consumer.Stopping.IsCancellationRequested)
        {
            return true; // interrupted: look again at once
        }
        catch (ObjectDisposedException)
        {
            throw new OperationCanceledException("the client is disposed");
        }
        finally
        {
            Volatile.Write(ref _current, null);
        }
    }

    private FetchRequest MakeRequest(bool isComplete, int fetchSizeMax)
    {
        ConsumerOptions options = consumer.Options;
        var partitions = new FetchPartitionRequest[_asks.Count];
        lock (consumer.Gate)
        {
            for (int i = 0; i < partitions.Length; i++)
            {
                PartitionCursor cursor = _asks[i].Cursor;
                partitions[i] = new FetchPartitionRequest(
                    new TopicPartition(cursor.Snapshot.Id, cursor.Partition),
                    _asks[i].From,
                    cursor.LastEpoch,
                    LeaderEpoch.None,
                    options.FetchBytesPerPartitionMax);
            }
        }

        int bytesMax = Math.Min(options.FetchBytesMax, fetchSizeMax > 0 ? fetchSizeMax : int.MaxValue);
        return isComplete
            ? new FetchRequest(options.FetchWaitMax, options.FetchBytesMin, bytesMax, partitions)
            : new FetchRequest(TimeSpan.Zero, 0, bytesMax, partitions);
    }

    private bool Accept(InboundFrame frame, string broker)
    {
        FetchResponse response = Answers.Read<FetchResponse>(frame, broker);
        if (response.Partitions.Length != _asks.Count)
            throw new FastLogException(
                ErrorCode.InvalidFrame,
                $"{broker} answered for {response.Partitions.Length} of {_asks.Count} partitions")
            {
                Broker = broker,
            };
        BufferLease? lease = frame.TakePayload();
        SharedPayload? payload = lease is null ? null : new SharedPayload(lease);
        consumer.Client.Metrics.FetchedBytes.Add(lease?.Length ?? 0);
        bool hasGot = false;
        int at = 0;
        lock (consumer.Gate)
        {
            for (int i = 0; i < _asks.Count; i++)
            {
                FetchPartitionResponse answer = response.Partitions.Span[i];
                ReadOnlyMemory<byte> bytes = payload is null ? default : payload.Memory.Slice(at, answer.PayloadSize);
                at += answer.PayloadSize;
                if (_asks[i].Cursor.Generation == _asks[i].Generation)
                    hasGot |= Accept(_asks[i], answer, payload, bytes, broker);
            }
        }

        payload?.Release();
        if (hasGot)
            consumer.Received.Pulse();
        consumer.Wanted.Pulse();
        return hasGot;
    }

    private bool Accept(
        in Ask ask, in FetchPartitionResponse answer, SharedPayload? payload, ReadOnlyMemory<byte> bytes, string broker)
    {
        PartitionCursor cursor = ask.Cursor;
        if (!answer.LogStart.IsNone)
            cursor.LogStart = answer.LogStart;
        if (!answer.HighWatermark.IsNone)
            cursor.HighWatermark = answer.HighWatermark;
        if (answer.Error != ErrorCode.None)
            return AcceptError(ask, answer, broker);
        cursor.Succeeded();
        if (bytes.IsEmpty || payload is null)
            return false;
        Records.BatchStatus status = BatchRun.TryRead(
            bytes.Span, ask.From, cursor.StopAt, cursor.HighWatermark, out BatchRun run);
        if (status != Records.BatchStatus.Ok)
        {
            var error = new CorruptBatchException(
                $"{cursor.Topic}/{cursor.Partition}: what {broker} sent for offset {ask.From} is damaged ({status})",
                ask.From)
            {
                Broker = broker,
                Topic = cursor.Topic,
                Partition = cursor.Partition,
            };
            consumer.Enqueue(error, [cursor]);
            return true;
        }

        consumer.Enqueue(new ConsumedBatch(cursor, payload, bytes[..run.Size], run));
        cursor.FetchOffset = run.Next;
        cursor.LastEpoch = run.LastEpoch;
        return true;
    }

    /// <summary>True when the application has something to hear.</summary>
    private bool AcceptError(in Ask ask, in FetchPartitionResponse answer, string broker)
    {
        PartitionCursor cursor = ask.Cursor;
        if (answer.Error == ErrorCode.OffsetOutOfRange && TryMoveIntoRange(cursor))
            return false;
        FastLogException error = FetchErrors.Of(cursor, ask.From, answer, broker);
        bool isMisplaced = FetchErrors.IsMisplaced(answer.Error);
        if (!isMisplaced && !error.IsRetriable)
        {
            consumer.Enqueue(error, [cursor]);
            return true;
        }

        consumer.Retry(cursor, error, isMisplaced);
        return cursor.IsFailed;
    }

    private bool TryMoveIntoRange(PartitionCursor cursor)
    {
        LogOffset target = consumer.Options.OutOfRange switch
        {
            OutOfRangePolicy.Earliest => cursor.LogStart,
            OutOfRangePolicy.Latest => cursor.HighWatermark,
            _ => LogOffset.None,
        };
        if (target.IsNone || target == cursor.FetchOffset)
            return false;
        consumer.Client.Log(
            ClientLogLevel.Warning,
            $"{cursor.Topic}/{cursor.Partition}: offset {cursor.FetchOffset} is out of range; going on at {target}");

        // What was received before is still in order and is given out first.
        cursor.FetchOffset = target;
        cursor.LastEpoch = LeaderEpoch.None;
        if (cursor.Undelivered == 0)
            cursor.Position = target;
        return true;
    }

    /// <summary>The whole request came to nothing.</summary>
    private void FailAll(FastLogException cause)
    {
        bool mustFindLeader = cause is ServerUnreachableException or ConnectionLostException or RequestTimeoutException
            || FetchErrors.IsMisplaced(cause.Code);
        lock (consumer.Gate)
        {
            List<PartitionCursor> failed = [];
            foreach (Ask ask in _asks)
            {
                if (ask.Cursor.Generation != ask.Generation)
                    continue;
                if (mustFindLeader || cause.IsRetriable)
                    consumer.Retry(ask.Cursor, cause, mustFindLeader);
                else
                    failed.Add(ask.Cursor);
            }

            if (failed.Count > 0)
                consumer.Enqueue(cause, failed);
        }

        consumer.Received.Pulse();
        consumer.Wanted.Pulse();
    }

    /// <summary>A partition in the request under way, and what of it was asked.</summary>
    private readonly record struct Ask(PartitionCursor Cursor, int Generation, LogOffset From);
}

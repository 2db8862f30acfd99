using FastLog.Protocol;

namespace FastLog.Client;

/// <summary>
/// Finds the leaders of queues that have none: refreshes their topics, pausing between attempts, until they are found
/// or their batches have become too old. Thread-safe.
/// </summary>
internal sealed class LeaderSearch(ProducerCore producer)
{
    private readonly Lock _gate = new();
    private List<PartitionQueue> _waiting = [];
    private bool _isRunning;
    private Task _running = Task.CompletedTask;

    /// <summary>Ends when nothing is searched.</summary>
    public Task Running
    {
        get
        {
            lock (_gate)
                return _running;
        }
    }

    /// <summary>The queue is scheduled; once its leader is found it is given to that broker's sender.</summary>
    public void Add(PartitionQueue queue)
    {
        lock (_gate)
        {
            _waiting.Add(queue);
            if (_isRunning)
                return;
            _isRunning = true;
            _running = RunAsync();
        }
    }

    private async Task RunAsync()
    {
        await Task.Yield(); // started under the lock
        int failures = 0;
        while (TakeWaiting() is { } queues)
        {
            bool isAllFound = true;
            foreach (var topic in queues.GroupBy(static queue => queue.TopicState))
                isAllFound &= await FindAsync(topic.Key, [.. topic]);
            failures = isAllFound ? 0 : failures + 1;
            if (isAllFound)
                continue;
            try
            {
                await Primitives.TimerExtensions.DelayAsync(
                    producer.Ports.Timers, producer.BackoffAfter(failures), producer.Stopping);
            }
            catch (OperationCanceledException)
            {
                return; // disposed: the queues are closed and have failed what they held
            }
        }
    }

    private async Task<bool> FindAsync(ProducerTopicState topic, List<PartitionQueue> queues)
    {
        try
        {
            topic.Accept(await producer.Core.Metadata.RefreshAsync(topic.Snapshot, producer.Stopping));
        }
        catch (FastLogException cause) when (cause.Code is ErrorCode.UnknownTopic or ErrorCode.InvalidTopicName)
        {
            var failure = new BatchFailure(
                FailureKind.Refused, cause.Code, cause.Message, cause.Broker, IsOutcomeUnknown: false);
            foreach (ProducerBatch batch in queues.SelectMany(static queue => queue.TakeAll()))
                producer.Fail(batch, failure with { IsOutcomeUnknown = batch.MayHaveArrived });

            return true;
        }
        catch (FastLogException cause)
        {
            FailureKind kind = cause is ServerUnreachableException ? FailureKind.Unreachable : FailureKind.TimedOut;
            foreach (PartitionQueue queue in queues)
                queue.LastProblem = new BatchFailure(
                    kind, cause.Code, cause.Message, cause.Broker, IsOutcomeUnknown: false);
            PutBack(queues);
            return false;
        }
        catch (Exception cause) when (cause is OperationCanceledException or ObjectDisposedException)
        {
            PutBack(queues);
            return false;
        }

        List<PartitionQueue> without = [];
        foreach (PartitionQueue queue in queues)
        {
            if (producer.TryAssign(queue))
                queue.Sender!.Enqueue(queue);
            else
                without.Add(queue);
        }

        PutBack(without);
        return without.Count == 0;
    }

    private List<PartitionQueue>? TakeWaiting()
    {
        lock (_gate)
        {
            if (_waiting.Count == 0)
            {
                _isRunning = false;
                return null;
            }

            List<PartitionQueue> taken = _waiting;
            _waiting = [];
            return taken;
        }
    }

    private void PutBack(List<PartitionQueue> queues)
    {
        lock (_gate)
            _waiting.AddRange(queues);
    }
}

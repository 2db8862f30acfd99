using FastLog.Primitives;
using FastLog.Protocol.Messages;

namespace FastLog.Client;

/// <summary>The id of an idempotent producer, asked for before its first record, and again for a partition that lost it. Thread-safe.</summary>
internal sealed class ProducerIdentity(ProducerCore producer)
{
    private readonly Lock _gate = new();
    private Task<long>? _asking;
    private Task _renewing = Task.CompletedTask;

    /// <summary>Ends when no partition waits for another id.</summary>
    public Task Renewing
    {
        get
        {
            lock (_gate)
                return _renewing;
        }
    }

    /// <summary>The id, asked for unless one is known.</summary>
    /// <param name="not">An id that is of no use any more, or -1.</param>
    /// <exception cref="FastLogException">No broker gave one in time.</exception>
    public Task<long> GetAsync(long not = -1)
    {
        lock (_gate)
        {
            bool isOver = _asking is { IsCompleted: true } && (!_asking.IsCompletedSuccessfully || _asking.Result == not);
            if (_asking is null || isOver)
                _asking = AskAsync();
            return _asking;
        }
    }

    /// <summary>Gets another id for the partition, however long it takes. Its lock may be held.</summary>
    public void Renew(PartitionQueue queue, long lost)
    {
        lock (_gate)
            _renewing = RenewAsync(_renewing, queue, lost);
    }

    private async Task<long> AskAsync()
    {
        await Task.Yield(); // started under the lock
        InitProducerResponse response = await producer.Core.RetryAsync(
            static (connection, timeLeft, token) => connection.CallAsync<InitProducerRequest, InitProducerResponse>(
                new InitProducerRequest(), timeLeft, token),
            isIdempotent: true,
            producer.Stopping);
        return response.ProducerId;
    }

    private async Task RenewAsync(Task before, PartitionQueue queue, long lost)
    {
        await Task.Yield(); // started under the lock
        await before;
        for (int failures = 1; !producer.Stopping.IsCancellationRequested; failures++)
        {
            try
            {
                queue.Renew(await GetAsync(lost));
                return;
            }
            catch (FastLogException cause)
            {
                queue.LastProblem = new BatchFailure(
                    FailureKind.Refused, cause.Code, cause.Message, cause.Broker, IsOutcomeUnknown: false);
            }
            catch (Exception cause) when (cause is OperationCanceledException or ObjectDisposedException)
            {
                return; // disposed: the queues are closed and have failed what they held
            }

            try
            {
                await producer.Ports.Timers.DelayAsync(producer.BackoffAfter(failures), producer.Stopping);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}

using System.Collections.Concurrent;

namespace FastLog.Client;

/// <summary>
/// Makes produce requests for one broker out of the queues that are ready, within the window of requests in flight. The
/// thread that brings work does it, unless another one is at it: that one then goes on. Thread-safe.
/// </summary>
internal sealed class BrokerSender(ProducerCore producer, BrokerLink link)
{
    private const int PartitionsPerRequestMax = 4096;

    /// <summary>What of a frame may be other than payload.</summary>
    private const int FrameOverhead = 256 << 10;

    private readonly ConcurrentQueue<PartitionQueue> _ready = new();
    private readonly List<PartitionQueue> _again = [];
    private Task _connecting = Task.CompletedTask;
    private int _isConnecting;
    private int _requestsInFlight;
    private int _signals;

    public BrokerLink Link => link;

    /// <summary>Ends when no attempt to connect is under way.</summary>
    public Task Connecting => _connecting;

    /// <summary>The queue has something that may leave; it is marked as scheduled, so it is in here once.</summary>
    public void Enqueue(PartitionQueue queue)
    {
        _ready.Enqueue(queue);
        Signal();
    }

    /// <summary>A request has its outcome.</summary>
    public void Finished()
    {
        Interlocked.Decrement(ref _requestsInFlight);
        Signal();
    }

    private void Signal()
    {
        if (Interlocked.Increment(ref _signals) != 1)
            return;
        int seen = 1;
        do
        {
            seen = Volatile.Read(ref _signals);
            WorkGuarded();
        }
        while (Interlocked.Add(ref _signals, -seen) != 0);
    }

    private void WorkGuarded()
    {
        try
        {
            Work();
        }
#pragma warning disable CA1031 // Our own bug: it must not stop all later sends, nor come out of a caller's send.
        catch (Exception cause)
#pragma warning restore CA1031
        {
            producer.Core.Log(ClientLogLevel.Error, $"internal error while sending to {link.Address}", cause);
        }
    }

    private void Work()
    {
        while (!_ready.IsEmpty && Volatile.Read(ref _requestsInFlight) < producer.Options.RequestsInFlightMax)
        {
            if (link.Current is not { } connection)
            {
                Connect();
                return;
            }

            // Each request that gets its outcome is another occasion to look.
            if (connection.QueuedBytes > ClientLimits.QueuedBytesMax && Volatile.Read(ref _requestsInFlight) > 0)
                return;
            SendOne(connection);
        }
    }

    private void SendOne(BrokerConnection connection)
    {
        var attempt = new ProduceAttempt(producer, this, connection);
        int frameSizeMax = connection.Hello.Limits.FrameSizeMax - FrameOverhead;
        int bytesMax = Math.Min(producer.Options.RequestBytesMax, Math.Max(frameSizeMax, 1));

        // Not more than are there now: a queue that comes back meanwhile belongs to the next request.
        for (int left = _ready.Count; left > 0; left--)
        {
            if (attempt.Size >= bytesMax || attempt.RunCount >= PartitionsPerRequestMax)
                break;
            if (!_ready.TryDequeue(out PartitionQueue? queue))
                break;
            if (queue.Take(attempt, bytesMax - attempt.Size, attempt.IsEmpty))
                _again.Add(queue);
        }

        foreach (PartitionQueue queue in _again)
            _ready.Enqueue(queue);
        _again.Clear();
        if (attempt.IsEmpty)
            return;
        Interlocked.Increment(ref _requestsInFlight);
        attempt.Send();
    }

    private void Connect()
    {
        if (Interlocked.Exchange(ref _isConnecting, 1) == 0)
            _connecting = ConnectAsync();
    }

    private async Task ConnectAsync()
    {
        try
        {
            await link.GetAsync(producer.Stopping);
        }
        catch (Exception cause) when (
            cause is FastLogException or OperationCanceledException or ObjectDisposedException)
        {
            // The leader may be elsewhere by now.
            while (_ready.TryDequeue(out PartitionQueue? queue))
                producer.LeaderLost(queue, cause as FastLogException);
        }
        finally
        {
            Volatile.Write(ref _isConnecting, 0);
            Signal();
        }
    }
}

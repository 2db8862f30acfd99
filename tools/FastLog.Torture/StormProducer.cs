using FastLog.Client;
using FastLog.Primitives;
using FastLog.Protocol.Messages;
using FastLog.Simulator;

namespace FastLog.Torture;

/// <summary>
/// Sends unique values to random partitions until it is told to stop, and tells the history what became of each. One
/// connection a run; one run at a time.
/// </summary>
internal sealed class StormProducer(int number, string topicName, int partitionCount, HistoryChecker history, ulong seed)
{
    private const int InFlightMax = 256;
    private static readonly TimeSpan RequestPatience = TimeSpan.FromSeconds(5);

    // What had not left when the broker was killed fails after this long: rounds would otherwise only wait.
    private static readonly TimeSpan DeliveryPatience = TimeSpan.FromSeconds(1);

    private readonly Prng _prng = new(seed);
    private long _next;

    /// <summary>Sends until the token is cancelled or the broker dies; ends when the fate of each record is told.</summary>
    public async Task RunAsync(string server, CancellationToken cancellationToken)
    {
        await using FastLogClient client = FastLogClient.Connect(new ClientOptions
        {
            Servers = [server],
            ClientName = "fastlog-torture",
            RequestTimeout = RequestPatience,
        });
        await using Producer producer = client.CreateProducer(new ProducerOptions
        {
            Acks = ProduceAcks.All,
            BatchBytes = 16 << 10,
            Retries = false,
            DeliveryTimeout = DeliveryPatience,
            DisposeTimeout = TimeSpan.FromSeconds(1),
        });
        var open = new Queue<Task>();
        try
        {
            TopicProducer topic = await producer.OpenTopicAsync(topicName, cancellationToken);
            while (!cancellationToken.IsCancellationRequested)
            {
                open.Enqueue(await SendAsync(topic, cancellationToken));
                while (open.Count > InFlightMax || (open.TryPeek(out Task? first) && first.IsCompleted))
                    await open.Dequeue();
            }
        }
        catch (Exception ending) when (ending is FastLogException or OperationCanceledException)
        {
            // The broker was killed, or the round is over: what was sent is settled below.
        }

        await Task.WhenAll(open);
    }

    private async Task<Task> SendAsync(TopicProducer topic, CancellationToken cancellationToken)
    {
        ulong value = StormValue.Number(number, _next++);
        var partition = new PartitionId((int)_prng.Next(partitionCount));
        history.SendStarted(number, value, partition);
        try
        {
            var record = new ProducerRecord(StormValue.Create(value)) { Partition = partition };
            return SettleAsync(await topic.SendAsync(record, cancellationToken), value);
        }
        catch (Exception refused) when (refused is FastLogException or OperationCanceledException)
        {
            history.Failed(value);
            throw;
        }
    }

    private async Task SettleAsync(PendingReceipt receipt, ulong value)
    {
        try
        {
            ProduceReceipt done = await receipt;
            history.Acknowledged(value, done.Partition, done.Offset);
        }
        catch (FastLogException failure)
        {
            if (failure.IsOutcomeUnknown)
                history.Unknown(value);
            else
                history.Failed(value);
        }
    }
}

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
    public int InFlightMax { get; init; } = StormCrew.InFlightDefault;

    private static readonly TimeSpan RequestPatience = TimeSpan.FromSeconds(5);

    // What had not left when the broker was killed fails after this long: rounds would otherwise only wait.
    private static readonly TimeSpan DeliveryPatience = TimeSpan.FromSeconds(1);

    // How long what was accepted may still be answered when a run ends.
    private static readonly TimeSpan SettlePatience = TimeSpan.FromMilliseconds(100);

    private readonly Prng _prng = new(seed);
    private long _next;
    private long _acknowledged;
    private volatile bool _powerGoes;

    /// <summary>Records acknowledged until now. Any thread.</summary>
    public long Acknowledged => Volatile.Read(ref _acknowledged);

    /// <summary>
    /// The power is about to be cut: what is answered from here on in this run may be kept or not. Any thread. Linux (6.18, ext4)
    /// can return 0 from an fdatasync that is under way while xfs_io shuts the file system down, and the bytes of a preallocated
    /// file are gone afterwards; real power does not answer any more.
    /// </summary>
    public void PowerGoes() => _powerGoes = true;

    /// <summary>Sends until the token is cancelled or the broker dies; ends when the fate of each record is told.</summary>
    public async Task RunAsync(string server, CancellationToken cancellationToken)
    {
        _powerGoes = false;
        await using FastLogClient client = FastLogClient.Connect(new ClientOptions
        {
            Servers = [server],
            ClientName = "fastlog-torture",
            RequestTimeout = RequestPatience,
        });
        Producer producer = client.CreateProducer(new ProducerOptions
        {
            Acks = ProduceAcks.All,
            BatchBytes = 16 << 10,
            Retries = false,
            DeliveryTimeout = DeliveryPatience,
            DisposeTimeout = SettlePatience,
        });
        var open = new SendWindow(InFlightMax);
        try
        {
            TopicProducer topic = await producer.OpenTopicAsync(topicName, cancellationToken);
            while (!cancellationToken.IsCancellationRequested)
            {
                open.Add(await SendAsync(topic, cancellationToken));
                if (!await open.AdvanceAsync(cancellationToken))
                    return;
            }
        }
        catch (Exception ending) when (ending is FastLogException or OperationCanceledException)
        {
            // The broker was killed, or the round is over: what was sent is settled below.
        }
        finally
        {
            await producer.DisposeAsync();
            await open.SettleAsync();
        }
    }

    private async Task<Task<bool>> SendAsync(TopicProducer topic, CancellationToken cancellationToken)
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

    /// <summary>Tells the history; true when it was acknowledged.</summary>
    private async Task<bool> SettleAsync(PendingReceipt receipt, ulong value)
    {
        try
        {
            ProduceReceipt done = await receipt;
            if (_powerGoes)
            {
                history.Unknown(value);
                return true;
            }

            history.Acknowledged(value, done.Partition, done.Offset);
            Interlocked.Increment(ref _acknowledged);
            return true;
        }
        catch (FastLogException failure)
        {
            if (failure.IsOutcomeUnknown)
                history.Unknown(value);
            else
                history.Failed(value);
            return false;
        }
    }
}

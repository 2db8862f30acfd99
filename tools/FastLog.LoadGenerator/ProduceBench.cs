using FastLog.Client;

namespace FastLog.LoadGenerator;

/// <summary>Produces distinct records one by one through the public client, closed loop or at a rate.</summary>
public static class ProduceBench
{
    // Of so many records one is timed in a closed loop; at a rate all are, up to TimedPerSecondMax.
    private const int SampleEvery = 1_024;
    private const long TimedPerSecondMax = 50_000;
    private const int CheckEvery = 1_024;
    private const long NanosecondsPerSecond = 1_000_000_000;

    /// <summary>How long an interrupted run still waits for what is under way.</summary>
    internal static readonly TimeSpan InterruptPatience = TimeSpan.FromSeconds(2);

    /// <param name="options">What to do.</param>
    /// <param name="progress">Told once a second: records counted so far.</param>
    /// <param name="cancellationToken">Ends the run early; what was measured is still answered.</param>
    public static async Task<BenchResult> RunAsync(
        BenchOptions options, Action<long> progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(progress);
        await using FastLogClient admin = Connect(options);
        await using BenchTopic topic = await BenchTopic.OpenAsync(admin, options, cancellationToken);
        var window = new RunWindow(options.Warmup);
        await FillAsync(options, window, progress, cancellationToken);
        return window.End("produce", null);
    }

    internal static FastLogClient Connect(BenchOptions options) => FastLogClient.Connect(new ClientOptions
    {
        Servers = options.Servers,
        ClientName = "fastlog-bench",
        RequestTimeout = options.RequestTimeout,
    });

    internal static async Task FillAsync(
        BenchOptions options, RunWindow window, Action<long> progress, CancellationToken cancellationToken)
    {
        FastLogClient[] clients = [.. Enumerable.Range(0, options.Connections).Select(_ => Connect(options))];
        using var watch = new Timer(_ => progress(window.Records), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        try
        {
            Task[] runs = [.. Enumerable.Range(0, options.Producers).Select(
                number => Task.Run(() => RunOneAsync(options, clients[number % clients.Length], number, window, cancellationToken), CancellationToken.None))];
            await Task.WhenAll(runs);
        }
        finally
        {
            foreach (FastLogClient client in clients)
                await client.DisposeAsync();
        }
    }

    private static async Task RunOneAsync(
        BenchOptions options, FastLogClient client, int number, RunWindow window, CancellationToken cancellationToken)
    {
        await using Producer producer = client.CreateProducer(new ProducerOptions
        {
            Acks = options.Acks,
            BatchBytes = options.BatchBytes,
            Linger = options.Linger,
            Compression = options.Compression,
            DeliveryTimeout = options.RequestTimeout,
            DisposeTimeout = InterruptPatience,
        });
        TopicProducer topic = await producer.OpenTopicAsync(options.Topic, cancellationToken);
        var source = new ProducerLoop(options, topic, number, window);
        try
        {
            await (options.Rate > 0 ? source.RunPacedAsync(cancellationToken) : source.RunAsync(cancellationToken));
            if (!window.HasFailed)
                await producer.FlushAsync(cancellationToken);
        }
        catch (FastLogException failure)
        {
            window.Fail(failure.Message);
        }
        catch (OperationCanceledException)
        {
            // The run was ended early: what was measured counts.
        }

        if (!window.HasFailed)
            await source.SettleAsync(cancellationToken);
    }

    /// <summary>One producer's loop. Not thread-safe.</summary>
    private sealed class ProducerLoop(BenchOptions options, TopicProducer topic, int number, RunWindow window)
    {
        private readonly PayloadSource _payload = new(options.Size, options.Keys);
        private readonly long _end = window.Started + ((options.Warmup + options.Duration).Ticks * 100);
        private readonly long _share = options.Records == 0
            ? long.MaxValue
            : (options.Records / options.Producers) + (number < options.Records % options.Producers ? 1 : 0);
        private PendingReceipt _last;
        private bool _any;

        public async Task RunAsync(CancellationToken cancellationToken)
        {
            long counted = 0;
            long bytes = 0;
            for (long sent = 0; sent < _share; sent++)
            {
                if (sent % CheckEvery == 0)
                {
                    window.Add(counted, bytes);
                    counted = bytes = 0;
                    window.Check();
                    if (window.HasFailed || (options.Records == 0 && Pacer.Now >= _end))
                        break;
                    cancellationToken.ThrowIfCancellationRequested();
                }

                long id = (sent * options.Producers) + number;
                var record = new ProducerRecord(_payload.Key(id), _payload.Value(id));
                PendingReceipt receipt;
                while (!topic.TrySend(record, out receipt))
                    await topic.WaitForRoomAsync(cancellationToken);
                counted++;
                bytes += options.Size + (record.Key?.Length ?? 0);
                if (sent % SampleEvery == 0)
                    Time(receipt, Pacer.Now);
                Keep(receipt);
            }

            window.Add(counted, bytes);
        }

        public Task RunPacedAsync(CancellationToken cancellationToken)
        {
            double interval = NanosecondsPerSecond * (double)options.Producers / options.Rate;
            int timeEvery = (int)Math.Max(1, options.Rate / TimedPerSecondMax);
            long begun = Pacer.Now;
            for (long sent = 0; sent < _share; sent++)
            {
                long planned = begun + (long)(sent * interval);
                if (window.HasFailed || (options.Records == 0 && planned >= _end))
                    break;
                Pacer.WaitUntil(planned);
                cancellationToken.ThrowIfCancellationRequested();
                if (sent % 64 == 0)
                    window.Check();
                long id = (sent * options.Producers) + number;
                var record = new ProducerRecord(_payload.Key(id), _payload.Value(id));
                PendingReceipt receipt;
                while (!topic.TrySend(record, out receipt))
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    Pacer.WaitUntil(Pacer.Now + 50_000);
                }

                window.Add(1, options.Size + (record.Key?.Length ?? 0));
                if (sent % timeEvery == 0)
                    Time(receipt, planned);
                Keep(receipt);
            }

            return Task.CompletedTask;
        }

        /// <summary>Waits for the last record, so that the run's time covers its acknowledgement.</summary>
        public async Task SettleAsync(CancellationToken cancellationToken)
        {
            if (!_any || options.Acks == Protocol.Messages.ProduceAcks.None)
                return;
            try
            {
                using var patience = new CancellationTokenSource();
                using CancellationTokenRegistration interrupted = cancellationToken.Register(() => patience.CancelAfter(InterruptPatience));
                await _last.AsTask().WaitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                // Interrupted, and the broker does not answer.
            }
            catch (FastLogException failure)
            {
                window.Fail(failure.Message);
            }
        }

        private void Keep(PendingReceipt receipt)
        {
            _last = receipt;
            _any = true;
        }

        private void Time(PendingReceipt receipt, long from) => _ = TimeAsync(receipt, from);

        private async Task TimeAsync(PendingReceipt receipt, long from)
        {
            try
            {
                await receipt;
                if (window.IsCounting)
                    window.Latency.Record(Pacer.Now - from);
            }
            catch (FastLogException failure)
            {
                window.Fail(failure.Message);
            }
        }
    }
}

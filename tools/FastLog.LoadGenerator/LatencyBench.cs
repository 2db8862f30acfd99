using System.Buffers.Binary;
using FastLog.Client;
using FastLog.Primitives;
using FastLog.Records;

namespace FastLog.LoadGenerator;

/// <summary>End to end: a consumer follows while records are produced at a rate; timed from each record's planned time.</summary>
public static class LatencyBench
{
    private const long RateDefault = 10_000;
    private const long NanosecondsPerSecond = 1_000_000_000;

    // The planned time and the record's number stand in front of each value.
    private const int StampSize = 2 * sizeof(long);

    /// <param name="options">What to do; values have at least 16 bytes.</param>
    /// <param name="progress">Told once a second: records received so far.</param>
    /// <param name="cancellationToken">Ends the run early.</param>
    public static async Task<BenchResult> RunAsync(
        BenchOptions options, Action<long> progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(progress);
        await using FastLogClient sender = ProduceBench.Connect(options);
        await using FastLogClient receiver = ProduceBench.Connect(options);
        await using BenchTopic topic = await BenchTopic.OpenAsync(sender, options, cancellationToken);
        StartPosition start = topic.IsMade ? StartPosition.Earliest : StartPosition.Latest;
        await using Consumer consumer = await receiver.CreateConsumerAsync(
            new ConsumerOptions { Assignments = [new ConsumerAssignment(options.Topic, start)] }, cancellationToken);
        using var ended = new CancellationTokenSource();
        var window = new RunWindow(options.Warmup);
        using var watch = new Timer(_ => progress(window.Records), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        var received = new Received();
        Task receiving = Task.Run(() => ReceiveAsync(consumer, window, received, ended.Token), CancellationToken.None);
        await using Producer producer = sender.CreateProducer(new ProducerOptions
        {
            Acks = options.Acks,
            BatchBytes = options.BatchBytes,
            Linger = options.Linger,
            Compression = options.Compression,
            DeliveryTimeout = options.RequestTimeout,
            DisposeTimeout = ProduceBench.InterruptPatience,
        });
        TopicProducer topicProducer = await producer.OpenTopicAsync(options.Topic, cancellationToken);
        long sent = await Task.Run(() => Send(options, topicProducer, window, cancellationToken), CancellationToken.None);
        received.Expect(sent);
        using (Timer patience = new(_ => received.GiveUp(), null, options.RequestTimeout, Timeout.InfiniteTimeSpan))
        using (cancellationToken.Register(() => patience.Change(ProduceBench.InterruptPatience, Timeout.InfiniteTimeSpan)))
            await received.All;
        BenchResult result = window.End("latency", null);
        await ended.CancelAsync();
        await receiving;
        if (received.Count < sent)
            return result with { Errors = result.Errors + sent - received.Count, FirstError = $"{sent - received.Count} records did not arrive" };
        return result;
    }

    private static long Send(BenchOptions options, TopicProducer topic, RunWindow window, CancellationToken cancellationToken)
    {
        long rate = options.Rate > 0 ? options.Rate : RateDefault;
        double interval = NanosecondsPerSecond / (double)rate;
        byte[] value = new byte[Math.Max(StampSize, options.Size)];
        var filler = new Prng(1);
        filler.Fill(value);
        long begun = Pacer.Now;
        long end = window.Started + ((options.Warmup + options.Duration).Ticks * 100);
        long sent = 0;
        for (; options.Records == 0 || sent < options.Records; sent++)
        {
            long planned = begun + (long)(sent * interval);
            if (options.Records == 0 && planned >= end)
                break;
            Pacer.WaitUntil(planned);
            if (cancellationToken.IsCancellationRequested)
                break;
            BinaryPrimitives.WriteInt64LittleEndian(value, planned);
            BinaryPrimitives.WriteInt64LittleEndian(value.AsSpan(sizeof(long)), sent);
            while (!topic.TrySend(new ProducerRecord(value), out _))
            {
                if (cancellationToken.IsCancellationRequested)
                    return sent;
                Pacer.WaitUntil(Pacer.Now + 50_000);
            }
        }

        return sent;
    }

    private static async Task ReceiveAsync(Consumer consumer, RunWindow window, Received received, CancellationToken cancellationToken)
    {
        try
        {
            while (await consumer.NextBatchAsync(cancellationToken) is { } batch)
            {
                using (batch)
                    received.Add(Walk(batch, window));
            }
        }
        catch (OperationCanceledException)
        {
            // The run is over.
        }
        catch (FastLogException failure)
        {
            window.Fail(failure.Message);
            received.GiveUp();
        }
    }

    private static long Walk(ConsumedBatch batch, RunWindow window)
    {
        long now = Pacer.Now;
        window.Check();
        long records = 0;
        long bytes = 0;
        foreach (ref readonly RecordReader record in batch)
        {
            NullableBytes value = record.Value;
            records++;
            bytes += value.Span.Length;
            if (window.IsCounting && value.Span.Length >= StampSize)
                window.Latency.Record(now - BinaryPrimitives.ReadInt64LittleEndian(value.Span));
        }

        window.Add(records, bytes);
        return records;
    }

    /// <summary>Counts arrivals until as many came as were sent.</summary>
    private sealed class Received
    {
        private readonly TaskCompletionSource _all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long _count;
        private long _expected = long.MaxValue;

        public Task All => _all.Task;

        public long Count => Volatile.Read(ref _count);

        public void Add(long records)
        {
            if (Interlocked.Add(ref _count, records) >= Volatile.Read(ref _expected))
                _all.TrySetResult();
        }

        public void Expect(long records)
        {
            Volatile.Write(ref _expected, records);
            Add(0);
        }

        public void GiveUp() => _all.TrySetResult();
    }
}

using FastLog.Client;
using FastLog.Records;

namespace FastLog.LoadGenerator;

/// <summary>Reads a topic from its beginning by the batch API; every record is walked.</summary>
public static class ConsumeBench
{
    private const long FillRecordsDefault = 10_000_000;

    /// <param name="options">What to do; a topic that did not exist is filled first, with the records asked for.</param>
    /// <param name="progress">Told once a second: records read so far.</param>
    /// <param name="cancellationToken">Ends the run early.</param>
    public static async Task<BenchResult> RunAsync(
        BenchOptions options, Action<long> progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(progress);
        await using FastLogClient client = ProduceBench.Connect(options);
        await using BenchTopic topic = await BenchTopic.OpenAsync(client, options, cancellationToken);
        if (topic.IsMade)
        {
            long records = options.Records == 0 ? FillRecordsDefault : options.Records;
            var fill = new RunWindow(TimeSpan.Zero);
            await ProduceBench.FillAsync(options with { Records = records, Rate = 0 }, fill, progress, cancellationToken);
        }

        var window = new RunWindow(TimeSpan.Zero);
        window.Check();
        using var watch = new Timer(_ => progress(window.Records), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        var reader = new Reader(options, window);
        await reader.RunAsync(client, cancellationToken);
        return window.End("consume", reader.FirstRecord);
    }

    private sealed class Reader(BenchOptions options, RunWindow window)
    {
        private readonly PayloadSource _payload = new(options.Size, options.Keys);

        public TimeSpan? FirstRecord { get; private set; }

        public async Task RunAsync(FastLogClient client, CancellationToken cancellationToken)
        {
            await using Consumer consumer = await client.CreateConsumerAsync(
                new ConsumerOptions
                {
                    Assignments = [new ConsumerAssignment(options.Topic, StartPosition.Earliest)],
                    StopAtEnd = true,
                },
                cancellationToken);
            long left = options.Records == 0 ? long.MaxValue : options.Records;
            while (left > 0 && await consumer.NextBatchAsync(cancellationToken) is { } batch)
            {
                FirstRecord ??= new TimeSpan((Pacer.Now - window.Started) / 100);
                using (batch)
                    left -= Walk(batch);
            }
        }

        private long Walk(ConsumedBatch batch)
        {
            long records = 0;
            long bytes = 0;
            foreach (ref readonly RecordReader record in batch)
            {
                NullableBytes value = record.Value;
                records++;
                bytes += value.Span.Length + record.Key.Span.Length;
                if (options.Verify && !_payload.IsValid(value.Span))
                    window.Fail($"partition {batch.Partition} offset {record.Offset}: the value is not what was produced");
            }

            window.Add(records, bytes);
            return records;
        }
    }
}

using FastLog.Client;
using FastLog.Primitives;
using FastLog.Records;
using FastLog.Simulator;
using FastLog.Transport.Network;

namespace FastLog.Simulation.Tests;

/// <summary>
/// Reads a topic in the name of a group, by one short-lived process after the other, while the broker dies and comes back and
/// some of them are killed. Each must begin at or after the last commit that was acknowledged, and at or before what the ones
/// before had done with; each reads every offset in turn. So together they miss no record.
/// </summary>
internal sealed class GroupReader(string topic, HistoryChecker history, Prng random, RunCounters counters, Func<int> nextReader)
{
    private const string Group = "readers";

    private readonly Dictionary<PartitionId, Progress> _progress = [];

    /// <summary>The life of one process: a consumer that reads some batches.</summary>
    public async Task LiveAsync(ClientOptions options, INetwork network, RuntimePorts ports, CancellationToken stop)
    {
        try
        {
            await using FastLogClient client = FastLogClient.Connect(options, network, ports);
            await ReadSomeAsync(client, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // All has been produced.
        }
        catch (FastLogException failure)
        {
            counters.Add($"group: {failure.Code}");
            await ports.Timers.DelayAsync(TimeSpan.FromMilliseconds(100), CancellationToken.None);
        }
    }

    /// <summary>With everything healed: the last consumer reads to the ends, which the group has then passed whole.</summary>
    public async Task EndAsync(FastLogClient client, IReadOnlyList<PartitionOffset> ends)
    {
        await using (Consumer consumer = await client.CreateConsumerAsync(Options(stopAtEnd: true)))
        {
            Begin(consumer);
            int reader = nextReader();
            while (await consumer.NextBatchAsync() is { } batch)
            {
                using (batch)
                    Take(reader, batch);
            }

            await consumer.CommitAsync();
        }

        foreach (PartitionOffset end in ends)
            Assert.Equal(end.Offset, ProgressOf(end.Partition).Handed);
    }

    private async Task ReadSomeAsync(FastLogClient client, CancellationToken stop)
    {
        long batches = random.Next(1, 6);
        await using Consumer consumer = await client.CreateConsumerAsync(Options(stopAtEnd: false), stop);
        counters.Add("group: consumers");
        Begin(consumer);
        int reader = nextReader();
        for (long i = 0; i < batches; i++)
        {
            // Coming back says that all before is done with.
            foreach (Progress progress in _progress.Values)
                progress.Finished = LogOffset.Max(progress.Finished, progress.Handed);
            using (ConsumedBatch? batch = await consumer.NextBatchAsync(stop))
                Take(reader, batch!);
            if (random.Chance(0.3))
                await CommitAsync(consumer);
        }
    }

    private async Task CommitAsync(Consumer consumer)
    {
        foreach (Progress progress in _progress.Values)
            progress.Finished = LogOffset.Max(progress.Finished, progress.Handed);
        (Progress Progress, LogOffset At)[] committed = [.. _progress.Values.Where(one => one.IsRead).Select(one => (one, one.Handed))];
        await consumer.CommitAsync();
        counters.Add("group: commits acknowledged");
        foreach ((Progress progress, LogOffset at) in committed)
            progress.Acknowledged = at;
    }

    private void Begin(Consumer consumer)
    {
        foreach (ConsumerPartition partition in consumer.Partitions)
        {
            Progress progress = ProgressOf(partition.Partition);
            LogOffset at = partition.Position;
            Assert.True(at >= progress.Acknowledged, $"{partition.Partition}: begins at {at}, but {progress.Acknowledged} was committed");
            Assert.True(at <= progress.Finished, $"{partition.Partition}: begins at {at}, but only {progress.Finished} was done with");
            if (at > LogOffset.Zero)
                counters.Add("group: resumed");
            progress.Handed = at;
            progress.IsRead = false;
        }
    }

    private void Take(int reader, ConsumedBatch batch)
    {
        Progress progress = ProgressOf(batch.Partition);
        LogOffset next = progress.Handed;
        foreach (ref readonly RecordReader record in batch)
        {
            Assert.Equal(next, record.Offset);
            next = next.Next();
            history.Read(reader, batch.Partition, record.Offset, RecordValues.Parse(record.Value.Span));
        }

        Assert.Equal(batch.NextOffset, next);
        progress.Handed = next;
        progress.IsRead = true;
    }

    private Progress ProgressOf(PartitionId partition)
    {
        if (!_progress.TryGetValue(partition, out Progress? progress))
        {
            progress = new Progress();
            _progress.Add(partition, progress);
        }

        return progress;
    }

    private ConsumerOptions Options(bool stopAtEnd) => new()
    {
        Assignments = [new ConsumerAssignment(topic, StartPosition.Earliest)],
        GroupId = Group,
        StopAtEnd = stopAtEnd,
        AutoCommit = random.Chance(0.5),
        AutoCommitInterval = TimeSpan.FromMilliseconds(random.Next(1, 200)),
    };

    private sealed class Progress
    {
        /// <summary>Given out by the present consumer, exclusive.</summary>
        public LogOffset Handed { get; set; } = LogOffset.Zero;

        public bool IsRead { get; set; }

        /// <summary>Done with by any consumer, exclusive.</summary>
        public LogOffset Finished { get; set; } = LogOffset.Zero;

        public LogOffset Acknowledged { get; set; } = LogOffset.Zero;
    }
}

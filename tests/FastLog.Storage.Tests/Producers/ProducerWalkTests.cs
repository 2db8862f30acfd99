using FastLog.Primitives;
using FastLog.Records;
using FastLog.Simulator;
using FastLog.Storage.Flushing;
using FastLog.Storage.Producers;
using FastLog.Storage.Tests.Logs;
using static FastLog.Storage.Tests.Producers.ProducerRig;

namespace FastLog.Storage.Tests.Producers;

/// <summary>How much of batches that were flushed long ago a start reads for what is known of producers.</summary>
public class ProducerWalkTests
{
    private const int BatchesAtOnce = 250;
    private readonly byte[] _buffer = new byte[8 << 10];
    private readonly string _value = new('v', 4_000);
    private int _appendSize;

    [Fact]
    public void A_start_after_a_kill_walks_a_bounded_part_of_one_partition()
    {
        var rig = new StorageRig(27, new PartitionLogOptions { Flush = FlushPolicy.Os });
        rig.Start();
        for (int i = 0; i < 50; i++)
            Append(rig, rig.Log, i);
        rig.Kill();
        rig.Start();
        Assert.InRange(rig.Log.ProducerWalkBytes, 1, StorageLimits.ProducerSnapshotBytes + (2 * _appendSize));
        AtOffset((50 * BatchesAtOnce) - 1, rig.Produce(7, 0, (50 * BatchesAtOnce) - 1, _value));
    }

    [Fact]
    public void A_start_after_a_kill_walks_a_bounded_part_of_many_partitions_together()
    {
        const int partitions = 10;
        const int appends = 14;
        var rig = new StorageRig(28, new PartitionLogOptions { Flush = FlushPolicy.Os });
        rig.Start();
        List<PartitionLog> logs = OpenMore(rig, partitions);
        for (int i = 0; i < appends; i++)
        {
            foreach (PartitionLog log in logs)
                Append(rig, log, i);
        }

        rig.Kill();
        rig.Start();
        logs = OpenMore(rig, partitions);
        long all = logs.Sum(log => log.ProducerWalkBytes);
        Assert.InRange(all, 1, (2 * StorageLimits.ProducerSnapshotBytesOfAll) + (2 * _appendSize));
        Assert.True((long)appends * partitions * _appendSize > 2 * all, "the whole log is no more than what was walked");
    }

    [Fact]
    public void A_power_cut_that_takes_all_that_was_not_flushed_costs_a_bounded_walk()
    {
        var rig = new StorageRig(29);
        rig.Start();
        for (int i = 0; i < 120; i++)
            Append(rig, rig.Log, i);
        rig.PowerCut(new Prng(29), PowerCutOutcome.AllLost);
        rig.Start();
        long bound = (StorageLimits.ProducerSnapshotsUnflushedMax + 2) * (StorageLimits.ProducerSnapshotBytes + (2L * _appendSize));
        Assert.InRange(rig.Log.ProducerWalkBytes, 1, bound);
        Assert.True(rig.Log.SizeBytes > bound + _appendSize, "the whole log is no more than the bound");
        AtOffset((120 * BatchesAtOnce) - 1, rig.Produce(7, 0, (120 * BatchesAtOnce) - 1, _value));
    }

    [Fact]
    public void Large_batches_count_as_the_part_of_them_that_is_read()
    {
        var rig = new StorageRig(30, new PartitionLogOptions { Flush = FlushPolicy.Os });
        rig.Start();
        for (int i = 0; i < 30; i++)
            rig.Produce(7, 0, i, new string('v', 900_000));
        rig.Kill();
        rig.Start();
        Assert.Equal(30 * (4 << 10), rig.Log.ProducerWalkBytes);
    }

    [Fact]
    public void A_snapshot_is_not_due_before_a_start_would_read_as_much_as_it_takes()
    {
        var budget = new ProducerWalkBudget(new SimulatedScheduler(31).Main.Ports.Executor);
        for (int i = 0; i < 4; i++)
            budget.Join(StorageLimits.ProducerSnapshotBytesOfAll / 4);
        Assert.False(budget.IsDue(StorageLimits.ProducerSnapshotBytesOfAll / 4, snapshotSize: 0));
        budget.Move(1);
        Assert.True(budget.IsDue(StorageLimits.ProducerSnapshotBytesOfAll / 4, snapshotSize: 0));
        Assert.False(budget.IsDue(StorageLimits.ProducerSnapshotBytesOfAll / 4, snapshotSize: 9 << 20));
        Assert.False(budget.IsDue((StorageLimits.ProducerSnapshotBytesOfAll / 4) - 1, snapshotSize: 0));
        budget.Leave(1);
        Assert.False(budget.IsDue(StorageLimits.ProducerSnapshotBytesOfAll / 4, snapshotSize: 0));
        Assert.True(budget.IsDue(StorageLimits.ProducerSnapshotBytes, snapshotSize: 9 << 20));
    }

    private static List<PartitionLog> OpenMore(StorageRig rig, int partitions)
    {
        var logs = new List<PartitionLog>();
        rig.Run(async () =>
        {
            for (int i = 0; i < partitions; i++)
            {
                var id = new TopicPartition(StorageRig.Id.Topic, new PartitionId(100 + i));
                logs.Add(await rig.Directory.OpenPartitionAsync(id, StorageRig.TopicName, rig.Options, CancellationToken.None));
            }
        });
        return logs;
    }

    /// <summary>Batches of one record, as a producer that does not wait sends them; then what is behind them gets its turn.</summary>
    private void Append(StorageRig rig, PartitionLog log, int index)
    {
        var batches = new List<byte>(BatchesAtOnce * 4_100);
        for (int i = 0; i < BatchesAtOnce; i++)
        {
            var builder = new BatchBuilder(_buffer);
            Assert.True(builder.TryAppend(new Timestamp(1000), default, System.Text.Encoding.UTF8.GetBytes(_value)));
            batches.AddRange(builder.Build(Codec.None, new BatchProducer(7, 0, (index * BatchesAtOnce) + i)).Span);
        }

        byte[] bytes = [.. batches];
        _appendSize = bytes.Length;
        rig.Run(async () =>
        {
            AtOffset(index * BatchesAtOnce, await log.AppendAsync(bytes, AppendMode.Confirmed));
            await rig.Process.Ports.Timers.DelayAsync(TimeSpan.FromMilliseconds(1), CancellationToken.None);
        });
    }
}

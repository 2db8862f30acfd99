using FastLog.Primitives;
using FastLog.Simulator;
using FastLog.Storage.Flushing;
using FastLog.Storage.Producers;
using FastLog.Storage.Tests.Logs;
using static FastLog.Storage.Tests.Producers.ProducerRig;

namespace FastLog.Storage.Tests.Producers;

/// <summary>What is remembered of producers across stops, crashes and damage.</summary>
public class ProducerRestartTests
{
    private static readonly PartitionLogOptions SmallSegments = new() { SegmentSizeMax = StorageLimits.SegmentSizeMin };

    [Fact]
    public void Duplicates_are_known_after_a_clean_stop_a_kill_and_a_power_cut()
    {
        var rig = new StorageRig(21, SmallSegments);
        rig.Start();
        int sent = 0;
        foreach (string end in new[] { "stop", "kill", "cut", "stop" })
        {
            for (int i = 0; i < 30; i++, sent++)
                AtOffset(sent, rig.Produce(7, 0, sent, Value(sent)));
            Assert.True(rig.Log.SegmentCount > 3);
            if (end == "stop")
                rig.Stop();
            else if (end == "kill")
                rig.Kill();
            else
                rig.PowerCut(new Prng(21), PowerCutOutcome.AllLost);
            rig.Start();
            for (int i = Math.Max(0, sent - StorageLimits.ProducerWindow); i < sent; i++)
                AtOffset(i, rig.Produce(7, 0, i, Value(i)));
            Refused(AppendStatus.OutOfOrderSequence, rig.Produce(7, 0, sent + 1, "gap"));
        }

        Assert.Equal(Enumerable.Range(0, sent).Select(Value), rig.Values());
        Assert.Equal(2, Snapshots(rig).Length);
    }

    [Fact]
    public void A_snapshot_before_batches_that_were_deleted_makes_no_gap_of_what_its_producer_sends_next()
    {
        var rig = new StorageRig(29, SmallSegments);
        rig.Start();
        for (int i = 0; i < 20; i++)
            AtOffset(i, rig.Produce(7, 0, i, Value(i)));
        for (int i = 20; i < 40; i++)
            rig.Append(1, Value(i));
        rig.Run(() => rig.Log.TrimPrefixAsync(new LogOffset(35)));
        Assert.True(rig.Log.Segments[0].BaseOffset.Value > 20);
        byte[] old = SnapshotAt(rig, 10);
        rig.Kill();
        foreach (string name in Snapshots(rig))
            rig.Disk.Attach().DeleteFile($"{StorageRig.PartitionPath}/{name}");
        Put(rig, 10, old);
        rig.Start();
        AtOffset(40, rig.Produce(7, 0, 20, Value(20)));
    }

    [Fact]
    public void A_stop_leaves_a_snapshot_at_the_end_and_the_next_start_walks_nothing()
    {
        var rig = new StorageRig(22);
        rig.Start();
        rig.Produce(7, 0, 0, "a");
        rig.Stop();
        Assert.Equal([$"{1:D20}{ProducerSnapshots.Suffix}"], Snapshots(rig));
        rig.Start();
        AtOffset(0, rig.Produce(7, 0, 0, "a"));
        LeaderEpoch epoch = rig.Log.LeaderEpoch;
        rig.Stop();

        // One that knows nobody is believed: no batch below its end is looked at.
        var nobody = new ProducerTable();
        Put(rig, 1, new ProducerSnapshot(StorageRig.Id, epoch, new LogOffset(1)).Encode(nobody, default));
        rig.Start();
        AtOffset(1, rig.Produce(7, 0, 0, "a"));
    }

    [Fact]
    public void Lost_and_damaged_snapshots_cost_a_longer_walk_and_nothing_else()
    {
        foreach (string harm in new[] { "newest", "all", "missing" })
        {
            var rig = new StorageRig(23, SmallSegments);
            rig.Start();
            for (int i = 0; i < 40; i++)
                rig.Produce(7, 0, i, Value(i));
            rig.Stop();
            string[] names = Snapshots(rig);
            foreach (string name in harm == "newest" ? names[^1..] : names)
            {
                if (harm == "missing")
                    rig.Disk.Attach().DeleteFile($"{StorageRig.PartitionPath}/{name}");
                else
                    Flip(rig, name);
            }

            rig.Start();
            for (int i = 0; i < 40; i++)
                AtOffset(i, rig.Produce(7, 0, i, Value(i)));
            AtOffset(40, rig.Produce(7, 0, 40, "next"));
            int told = rig.Events.Count(e => e.Id == StorageEventId.ProducerSnapshotRefused);
            Assert.Equal(harm switch { "newest" => 1, "all" => 2, _ => 0 }, told);
        }
    }

    [Fact]
    public void A_snapshot_of_what_a_power_cut_took_away_is_not_used()
    {
        var rig = new StorageRig(24, new PartitionLogOptions { Flush = FlushPolicy.Os });
        rig.Start();
        AtOffset(0, rig.Produce(7, 0, 0, "kept"));
        rig.Stop();
        rig.Start();
        AtOffset(1, rig.Produce(7, 0, 1, "lost"));
        AtOffset(2, rig.Produce(7, 0, 2, "lost too"));
        byte[] ahead = SnapshotAt(rig, 3);
        rig.PowerCut(new Prng(24), PowerCutOutcome.AllLost);
        Put(rig, 3, ahead);
        rig.Start();
        Assert.Equal(1, rig.Log.LogEnd.Value);
        AtOffset(1, rig.Produce(7, 0, 1, "again"));

        // The log has grown past it with other batches, and it comes back from a directory that was not flushed.
        AtOffset(2, rig.Append(1000, "other", "another", "a third"));
        rig.Kill();
        Put(rig, 3, ahead);
        rig.Start();
        Refused(AppendStatus.OutOfOrderSequence, rig.Produce(7, 0, 3, "gap"));
        AtOffset(5, rig.Produce(7, 0, 2, "in its place"));
        Assert.Contains(rig.Events, e => e.Id == StorageEventId.ProducerSnapshotRefused && e.Message.Contains("ended at 1"));
    }

    [Fact]
    public void A_snapshot_of_another_partition_or_place_is_not_used()
    {
        var rig = new StorageRig(25);
        rig.Start();
        rig.Produce(7, 0, 0, "a");
        byte[] bytes = SnapshotAt(rig, 1);
        rig.Produce(7, 0, 1, "b");
        rig.Kill();
        Put(rig, 2, bytes);
        rig.Start();
        AtOffset(1, rig.Produce(7, 0, 1, "b"));
        byte[] foreign = new ProducerSnapshot(
            new TopicPartition(StorageRig.Id.Topic, new PartitionId(4)), rig.Log.LeaderEpoch, new LogOffset(2))
            .Encode(new ProducerTable(), default);
        rig.Kill();
        Put(rig, 2, foreign);
        rig.Start();
        AtOffset(1, rig.Produce(7, 0, 1, "b"));
        Assert.Equal(2, rig.Events.Count(e => e.Id == StorageEventId.ProducerSnapshotRefused));
    }

    [Fact]
    public void A_snapshot_that_cannot_be_written_is_told_and_appends_go_on()
    {
        var rig = new StorageRig(26, SmallSegments);
        rig.Start();
        rig.Disk.Faults.Fail(DiskOperation.Write, DiskErrors.NoSpace, times: 1_000, pathEnd: ProducerSnapshots.Suffix);
        for (int i = 0; i < 20; i++)
            AtOffset(i, rig.Produce(7, 0, i, Value(i)));
        Assert.Contains(rig.Events, e => e.Id == StorageEventId.ProducerSnapshotFailed);
        rig.Kill();
        rig.Start();
        AtOffset(19, rig.Produce(7, 0, 19, Value(19)));
        AtOffset(20, rig.Produce(7, 0, 20, Value(20)));
    }

    private static string Value(int i) => $"{i:D6}" + new string('v', 900);

    private static string[] Snapshots(StorageRig rig) =>
    [
        .. rig.Disk.Attach().ListFiles(StorageRig.PartitionPath)
            .Where(name => name.EndsWith(ProducerSnapshots.Suffix, StringComparison.Ordinal)),
    ];

    /// <summary>What the running log would write down now, taken from a stop of its copy: its own table is not reachable.</summary>
    private static byte[] SnapshotAt(StorageRig rig, long logEnd)
    {
        var table = new ProducerTable();
        for (int i = 0; i < logEnd; i++)
            table.Record(new SequencedBatch(new FastLog.Records.BatchProducer(7, 0, i), new LogOffset(i), 0), default);
        return new ProducerSnapshot(StorageRig.Id, rig.Log.LeaderEpoch, new LogOffset(logEnd)).Encode(table, default);
    }

    private static void Put(StorageRig rig, long logEnd, byte[] bytes)
    {
        Storage.Disk.IDisk disk = rig.Disk.Attach();
        string path = ProducerSnapshots.PathOf(StorageRig.PartitionPath, new LogOffset(logEnd));
        disk.DeleteFile(path);
        using Storage.Disk.IDiskFile file = disk.Open(path, Storage.Disk.DiskOpenMode.CreateNew);
        file.Write(FilePosition.Zero, bytes);
    }

    private static void Flip(StorageRig rig, string name)
    {
        using Storage.Disk.IDiskFile file = rig.Disk.Attach().Open(
            $"{StorageRig.PartitionPath}/{name}", Storage.Disk.DiskOpenMode.ReadWrite);
        byte[] bytes = new byte[1];
        file.Read(new FilePosition(20), bytes);
        bytes[0] ^= 4;
        file.Write(new FilePosition(20), bytes);
    }
}

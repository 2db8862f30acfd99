using FastLog.Primitives;
using FastLog.Simulator;

namespace FastLog.Storage.Tests.Logs;

public class PartitionLogTests
{
    [Fact]
    public void Records_come_back_with_dense_offsets()
    {
        var rig = new StorageRig(1);
        rig.Start();
        AppendResult first = rig.Append(1000, "a", "b");
        AppendResult second = rig.Append(2000, "c");
        Assert.Equal(AppendStatus.Ok, first.Status);
        Assert.Equal(0, first.BaseOffset.Value);
        Assert.Equal(1, first.LastOffset.Value);
        Assert.Equal(2, second.BaseOffset.Value);
        Assert.Equal(new LogOffset(3), rig.Log.FlushedEnd);
        Assert.Equal([new(0, 1000, "a"), new(1, 1000, "b"), new TestRecord(2, 2000, "c")], rig.ReadAll());
        Assert.Empty(rig.Disk.Violations);
    }

    [Fact]
    public void A_clean_restart_reads_nothing_again_and_keeps_the_epoch()
    {
        var rig = new StorageRig(2);
        rig.Start();
        rig.Append(1000, "a", "b");
        LeaderEpoch epoch = rig.Log.LeaderEpoch;
        rig.Stop();
        rig.Start();
        Assert.True(rig.Directory.WasClean);
        Assert.Equal(epoch, rig.Log.LeaderEpoch);
        rig.Append(1000, "c");
        Assert.Equal(["a", "b", "c"], rig.ReadAll().Select(record => record.Value));
        Assert.DoesNotContain(rig.Events, e => e.IsWarning);
    }

    [Fact]
    public void A_power_cut_keeps_what_was_acknowledged_and_raises_the_epoch()
    {
        var rig = new StorageRig(3);
        rig.Start();
        rig.Append(1000, "a", "b");
        LeaderEpoch epoch = rig.Log.LeaderEpoch;
        rig.PowerCut(new Prng(3), PowerCutOutcome.AllLost);
        rig.Start();
        Assert.False(rig.Directory.WasClean);
        Assert.True(rig.Log.LeaderEpoch > epoch);
        Assert.Equal(["a", "b"], rig.ReadAll().Select(record => record.Value));
        Assert.Equal(2, rig.Append(1000, "c").BaseOffset.Value);
        Assert.Equal(["a", "b", "c"], rig.ReadAll().Select(record => record.Value));
    }

    [Fact]
    public void Segments_roll_by_size_and_are_read_across()
    {
        var rig = new StorageRig(4, new PartitionLogOptions { SegmentSizeMax = StorageLimits.SegmentSizeMin });
        rig.Start();
        string[] values = [.. Enumerable.Range(0, 200).Select(i => new string((char)('a' + (i % 26)), 150) + i)];
        foreach (string value in values)
            Assert.Equal(AppendStatus.Ok, rig.Append(1000, value).Status);
        Assert.True(rig.Log.SegmentCount > 5);
        Assert.Equal(values, rig.ReadAll().Select(record => record.Value));
        Assert.Equal(values, rig.ReadAll(bytesMax: 1).Select(record => record.Value));
        Assert.Equal(values[137..], rig.ReadAll(137, 700).Select(record => record.Value));
        rig.Stop();
        rig.Start();
        Assert.Equal(values, rig.ReadAll(bytesMax: 900).Select(record => record.Value));
        rig.PowerCut(new Prng(4), PowerCutOutcome.AllLost);
        rig.Start();
        Assert.Equal(values, rig.ReadAll().Select(record => record.Value));
        Assert.Empty(rig.Log.Defects);
        Assert.Empty(rig.Disk.Violations);
    }
}

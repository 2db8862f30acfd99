using FastLog.Primitives;
using FastLog.Simulator;
using FastLog.Storage.Disk;
using FastLog.Storage.Segments;
using FastLog.Storage.Tests.Logs;

namespace FastLog.Storage.Tests.Segments;

/// <summary>The spare file between the log's section, which takes it, and a pass, which makes and drops it.</summary>
public class SpareSegmentTests
{
    private const int Size = 64 << 10;

    [Fact]
    public void None_is_made_while_the_ready_one_is_being_taken()
    {
        SimulatedDisk disk = NewDisk();
        var spare = new SpareSegment(disk, "log");
        spare.Prepare(Size);
        Meanwhile(disk, DiskOperation.Rename, () => spare.Prepare(2 * Size));

        Assert.True(spare.TryTake("log/next", out _));

        Assert.Equal(Size, disk.Peek("log/next").Length);
        Assert.Equal(disk.FileExists("log/spare"), spare.IsReady);
        Assert.False(spare.TryTake("log/other", out _));
        spare.Prepare(Size);
        Assert.True(spare.TryTake("log/other", out _));
    }

    [Fact]
    public void None_is_made_while_the_ready_one_is_being_dropped()
    {
        SimulatedDisk disk = NewDisk();
        var spare = new SpareSegment(disk, "log");
        spare.Prepare(Size);
        Meanwhile(disk, DiskOperation.DeleteFile, () => spare.Prepare(Size));

        spare.Drop();

        Assert.False(disk.FileExists("log/spare"));
        Assert.False(spare.IsReady);
        spare.Prepare(Size);
        Assert.True(spare.TryTake("log/next", out _));
    }

    [Fact]
    public void One_can_be_made_after_the_taking_of_another_failed()
    {
        SimulatedDisk disk = NewDisk();
        var spare = new SpareSegment(disk, "log");
        spare.Prepare(Size);
        Assert.Throws<DiskException>(() => spare.TryTake("nowhere/next", out _));
        Assert.False(spare.IsReady);
        spare.Prepare(Size);
        Assert.True(spare.TryTake("log/next", out _));
    }

    [Fact]
    public void A_new_file_has_nothing_of_the_spare_one_that_was_taken_before()
    {
        var rig = new StorageRig(61, new PartitionLogOptions
        {
            SegmentSizeMax = StorageLimits.SegmentSizeMin,
            RetentionSizeMax = 20_000,
        });
        rig.Start();
        for (int i = 0; i < 120; i++)
            rig.Append(1_000 + i, new string('s', 900));
        SpareSegment spare = rig.Log.Context.Spare;
        rig.Scheduler.RunFor(TimeSpan.FromSeconds(1));
        Assert.True(spare.TryTake($"{StorageRig.PartitionPath}/first", out FilePosition first));
        Assert.True(first.Value > 0);
        Assert.False(spare.TryTake($"{StorageRig.PartitionPath}/second", out FilePosition second));
        Assert.Equal(0, second.Value);
    }

    private static SimulatedDisk NewDisk()
    {
        var disk = new SimulatedDisk(1);
        disk.CreateDirectory("log");
        return disk;
    }

    /// <summary>Does what another thread may do right before the operation reaches the device.</summary>
    private static void Meanwhile(SimulatedDisk disk, DiskOperation operation, Action work) => disk.BeforeOperation = next =>
    {
        if (next.Operation != operation)
            return;
        disk.BeforeOperation = null;
        work();
    };
}

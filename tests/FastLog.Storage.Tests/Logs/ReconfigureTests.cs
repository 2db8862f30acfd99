using FastLog.Primitives;
using FastLog.Storage.Flushing;

namespace FastLog.Storage.Tests.Logs;

/// <summary>Settings that change while the log is open.</summary>
public class ReconfigureTests
{
    [Fact]
    public void A_smaller_segment_size_counts_from_the_next_append_on()
    {
        var rig = new StorageRig(21);
        rig.Start();
        for (int i = 0; i < 10; i++)
            rig.Append(1, new string('a', 2_000));
        Assert.Equal(1, rig.Log.SegmentCount);
        Change(rig, rig.Options with { SegmentSizeMax = StorageLimits.SegmentSizeMin });
        rig.Append(1, "b");
        Assert.Equal(2, rig.Log.SegmentCount);
        Assert.Equal(11, rig.ReadAll().Count);
    }

    [Fact]
    public void A_value_outside_of_its_range_changes_nothing()
    {
        var rig = new StorageRig(22);
        rig.Start();
        rig.Run(async () =>
        {
            StorageException failure = await Assert.ThrowsAsync<StorageException>(
                () => rig.Log.ReconfigureAsync(rig.Options with { SegmentSizeMax = 1 }));
            Assert.Equal(StorageErrorKind.InvalidArgument, failure.Kind);
        });
        Assert.Equal(rig.Options, rig.Log.Options);
    }

    [Fact]
    public void What_was_readable_stays_readable_when_records_begin_to_wait_for_their_flush()
    {
        var rig = new StorageRig(23, new PartitionLogOptions { Flush = FlushPolicy.Os });
        rig.Start();
        rig.Append(1, "a");
        LogOffset readable = rig.Log.ReadableEnd;
        Assert.Equal(1, readable.Value);
        Assert.Equal(0, rig.Log.FlushedEnd.Value);
        rig.Run(() =>
        {
            Task changed = rig.Log.ReconfigureAsync(rig.Options with { Flush = FlushPolicy.Ack });
            Assert.Equal(readable, rig.Log.ReadableEnd);
            return changed;
        });
        rig.Append(1, "b");
        Assert.Equal(2, rig.Log.FlushedEnd.Value);
        Assert.Equal(2, rig.Log.ReadableEnd.Value);
    }

    [Fact]
    public void What_was_written_under_the_old_policy_is_flushed_at_once()
    {
        var rig = new StorageRig(24, new PartitionLogOptions { Flush = FlushPolicy.Os });
        rig.Start();
        rig.Append(1, "a");
        Change(rig, rig.Options with { Flush = FlushPolicy.Ack });
        rig.Scheduler.RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal(1, rig.Log.FlushedEnd.Value);
    }

    [Fact]
    public void An_append_that_waits_for_its_flush_still_ends_by_one()
    {
        var rig = new StorageRig(25);
        rig.Start();
        rig.Run(async () =>
        {
            ValueTask<AppendResult> append = rig.Log.AppendAsync(StorageRig.Batch(1, "a"), AppendMode.Confirmed);
            Assert.False(append.IsCompleted);
            await rig.Log.ReconfigureAsync(rig.Options with { Flush = FlushPolicy.Os });
            TimeSpan before = rig.Scheduler.Elapsed;
            Assert.Equal(AppendStatus.Ok, (await append).Status);
            Assert.Equal(1, rig.Log.FlushedEnd.Value);
            Assert.True(rig.Scheduler.Elapsed - before < TimeSpan.FromSeconds(1));
        });
        rig.Append(1, "b");
        Assert.Equal(2, rig.Log.ReadableEnd.Value);
        Assert.Equal(1, rig.Log.FlushedEnd.Value);
    }

    private static void Change(StorageRig rig, PartitionLogOptions options)
    {
        rig.Run(() => rig.Log.ReconfigureAsync(options));
        Assert.Equal(options, rig.Log.Options);
    }
}

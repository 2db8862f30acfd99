using FastLog.Primitives;
using FastLog.Storage.Flushing;

namespace FastLog.Storage.Tests.Logs;

public class ClosingTests
{
    [Fact]
    public void A_log_that_was_opened_and_not_appended_to_closes_cleanly()
    {
        var rig = new StorageRig(71);
        rig.Start();
        rig.Append(1000, "a");
        rig.Stop();
        for (int life = 0; life < 2; life++)
        {
            rig.Start();
            Assert.True(rig.Directory.WasClean);
            rig.Stop();
            Assert.Null(rig.Log.Fault);
        }

        Assert.DoesNotContain(rig.Events, e => e.IsWarning);
    }

    [Fact]
    public void A_sealed_file_stays_open_until_the_flush_of_its_seal_however_many_others_are_read()
    {
        var options = new PartitionLogOptions { SegmentSizeMax = StorageLimits.SegmentSizeMin, Flush = FlushPolicy.Os };
        var rig = new StorageRig(72, options);
        rig.Start();
        var otherId = new TopicPartition(StorageRig.Id.Topic, new PartitionId(4));
        byte[] batch = StorageRig.Batch(1000, new string('v', 5000));
        rig.Run(async () =>
        {
            PartitionLog other = await rig.Directory.OpenPartitionAsync(
                otherId, StorageRig.TopicName, options, CancellationToken.None);
            for (int i = 0; i < StorageLimits.OpenSegmentsMax + 2; i++)
                Assert.Equal(AppendStatus.Ok, (await other.AppendAsync(batch, AppendMode.Confirmed)).Status);

            // All of the first segment is durable when the second one begins: nothing but the seal waits for a flush.
            await rig.Log.AppendAsync(batch, AppendMode.Confirmed);
            while (rig.Log.FlushedEnd < rig.Log.LogEnd)
                await rig.Process.Ports.Timers.DelayAsync(TimeSpan.FromSeconds(1), CancellationToken.None);
            await rig.Log.AppendAsync(batch, AppendMode.Confirmed);
            Assert.Equal(2, rig.Log.SegmentCount);
            for (LogOffset at = LogOffset.Zero; at < other.LogEnd; at = at.Next())
                other.Read(at, 1, other.LogEnd).Region.Release();
            while (rig.Log.FlushedEnd < rig.Log.LogEnd)
                await rig.Process.Ports.Timers.DelayAsync(TimeSpan.FromSeconds(1), CancellationToken.None);
        });
        Assert.Null(rig.Log.Fault);
        rig.Stop();
        Assert.DoesNotContain(rig.Events, e => e.IsWarning);
    }
}

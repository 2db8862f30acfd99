using FastLog.Primitives;
using FastLog.Records;
using FastLog.Simulator;
using FastLog.Storage.Flushing;

namespace FastLog.Storage.Tests.Logs;

/// <summary>Devices that fail or are full, bad appends, locks, and readers that hold on.</summary>
public class FailureTests
{
    [Fact]
    public void A_failed_flush_fences_the_log_and_nothing_is_acknowledged_afterwards()
    {
        var rig = new StorageRig(31);
        rig.Start();
        rig.Append(1000, "kept");
        var observer = new Observer();
        rig.Log.Subscribe(observer);
        rig.Disk.Faults.Fail(DiskOperation.Flush, DiskErrors.Io, times: 1);
        AppendResult failed = rig.Append(1000, "lost");
        Assert.Equal(AppendStatus.Fenced, failed.Status);
        Assert.Equal(StorageFaultKind.FlushFailed, failed.Fault!.Kind);
        Assert.Equal(1, rig.Log.ReadableEnd.Value);
        AppendResult later = rig.Append(1000, "refused");
        Assert.Equal(AppendStatus.Fenced, later.Status);
        Assert.Same(failed.Fault, later.Fault);
        Assert.Same(failed.Fault, rig.Log.Fault);
        Assert.Equal(1, observer.Faults);
        Assert.Equal(["kept"], rig.ReadAll().Select(record => record.Value));
        rig.Stop();

        // Not marked clean: what the kernel dropped must be looked for.
        rig.Start();
        Assert.True(rig.Log.LeaderEpoch > LeaderEpoch.Zero);
        Assert.Equal("kept", rig.ReadAll()[0].Value);
    }

    [Fact]
    public void A_failed_write_fences_the_log()
    {
        var rig = new StorageRig(32);
        rig.Start();
        rig.Append(1000, "kept");
        rig.Disk.Faults.Fail(DiskOperation.Write, DiskErrors.Io, pathEnd: ".log");
        AppendResult failed = rig.Append(1000, "lost");
        Assert.Equal(AppendStatus.Fenced, failed.Status);
        Assert.Equal(StorageFaultKind.WriteFailed, failed.Fault!.Kind);
        rig.Disk.Faults.Clear();
        Assert.Equal(AppendStatus.Fenced, rig.Append(1000, "refused").Status);
        Assert.Equal(["kept"], rig.ReadAll().Select(record => record.Value));
        rig.Kill();
        rig.Start();
        Assert.Equal("kept", rig.ReadAll()[0].Value);
    }

    [Fact]
    public void A_failed_flush_of_a_new_segment_or_its_directory_fences_the_log()
    {
        foreach (DiskOperation operation in new[] { DiskOperation.Flush, DiskOperation.FlushDirectory })
        {
            var rig = new StorageRig(33, new PartitionLogOptions { SegmentSizeMax = StorageLimits.SegmentSizeMin });
            rig.Start();
            string value = new('v', 3_000);
            rig.Append(1000, value);
            string pathEnd = operation == DiskOperation.Flush ? "00000001.log" : "/3";
            rig.Disk.Faults.Fail(operation, DiskErrors.Io, pathEnd: pathEnd);
            AppendResult failed = rig.Append(1000, value);
            Assert.Equal(AppendStatus.Fenced, failed.Status);
            Assert.Equal(StorageFaultKind.FlushFailed, failed.Fault!.Kind);
            Assert.Single(rig.ReadAll());
        }
    }

    [Fact]
    public void Records_of_a_fenced_log_that_were_never_flushed_are_not_said_to_be_deleted()
    {
        var rig = new StorageRig(38, new PartitionLogOptions { Flush = FlushPolicy.Os });
        rig.Start();
        rig.Append(1000, "one", "two");
        rig.Disk.Faults.Fail(DiskOperation.Write, DiskErrors.Io, pathEnd: ".log");
        Assert.Equal(AppendStatus.Fenced, rig.Append(1000, "lost").Status);
        rig.Disk.Faults.Clear();
        rig.Run(async () =>
        {
            StorageException refused = await Assert.ThrowsAsync<StorageException>(
                () => rig.Log.TrimPrefixAsync(new LogOffset(1)));
            Assert.Equal(StorageErrorKind.Fenced, refused.Kind);
            Assert.Contains(rig.Log.Fault!.Message, refused.Message, StringComparison.Ordinal);
        });
        Assert.Equal(0, rig.Log.LogStart.Value);
        rig.Kill();
        rig.Start();
        Assert.Equal(["one", "two"], rig.ReadAll().Select(record => record.Value));
    }

    [Fact]
    public void A_full_disk_refuses_appends_and_the_log_goes_on_when_there_is_room()
    {
        var rig = new StorageRig(34, new PartitionLogOptions { SegmentSizeMax = 1 << 20 });
        rig.Start();
        string value = new('v', 50_000);
        rig.Append(1000, value);
        long capacity = rig.Disk.CapacityBytes;
        rig.Disk.CapacityBytes = 1;
        int accepted = 1;
        AppendResult result;
        while ((result = rig.Append(1000, value)).Status == AppendStatus.Ok)
            accepted++;
        Assert.Equal(AppendStatus.DiskFull, result.Status);
        Assert.Equal(AppendStatus.DiskFull, rig.Append(1000, value).Status);
        Assert.Null(rig.Log.Fault);
        Assert.Equal(accepted, rig.ReadAll().Count);
        rig.Disk.CapacityBytes = capacity;
        Assert.Equal(accepted, rig.Append(1000, value).BaseOffset.Value);
        Assert.Equal(accepted + 1, rig.ReadAll().Count);
        rig.PowerCut(new Prng(1), PowerCutOutcome.AllLost);
        rig.Start();
        Assert.Equal(accepted + 1, rig.ReadAll().Count);
    }

    [Fact]
    public void A_write_that_meets_a_full_disk_leaves_nothing_behind()
    {
        var rig = new StorageRig(35);
        rig.Start();
        rig.Append(1000, "kept");
        rig.Disk.Faults.Fail(DiskOperation.Write, DiskErrors.NoSpace, pathEnd: ".log");
        Assert.Equal(AppendStatus.DiskFull, rig.Append(1000, "refused").Status);
        Assert.Equal(AppendStatus.Ok, rig.Append(1000, "next").Status);
        rig.Kill();
        rig.Start();
        Assert.Equal(["kept", "next"], rig.ReadAll().Select(record => record.Value));
    }

    [Fact]
    public void A_read_error_that_passes_costs_nothing()
    {
        var rig = new StorageRig(36);
        rig.Start();
        rig.Append(1000, "kept");
        rig.Disk.Faults.Fail(DiskOperation.Read, DiskErrors.Io, pathEnd: ".log");
        Assert.Single(rig.ReadAll());
        Assert.Empty(rig.Log.Defects);
        Assert.Equal(AppendStatus.Ok, rig.Append(1000, "next").Status);
    }

    [Fact]
    public void Bad_appends_are_refused_whole_with_their_reason()
    {
        var rig = new StorageRig(37, new PartitionLogOptions { BatchSizeMax = 2_000 });
        rig.Start();
        byte[] good = StorageRig.Batch(1000, "good");
        byte[] flipped = StorageRig.Batch(1000, "flipped");
        flipped[^1] ^= 1;
        AppendResult result = rig.Append((byte[])[.. good, .. flipped]);
        Assert.Equal(AppendStatus.InvalidBatch, result.Status);
        Assert.Equal(BatchStatus.CrcMismatch, result.Reason);
        Assert.Equal(AppendStatus.InvalidBatch, rig.Append(Array.Empty<byte>()).Status);
        Assert.Equal(AppendStatus.InvalidBatch, rig.Append(good.AsMemory(0, 40)).Status);
        Assert.Equal(AppendStatus.TooLarge, rig.Append(1000, new string('v', 2_000)).Status);
        long future = rig.Scheduler.WallNow.UnixMilliseconds + 4_000_000;
        Assert.Equal(AppendStatus.TimestampInvalid, rig.Append(future, "future").Status);
        Assert.Equal(0, rig.Log.LogEnd.Value);
        Assert.Equal(AppendStatus.Ok, rig.Append(good).Status);
    }

    [Fact]
    public void A_second_owner_of_the_data_directory_is_refused()
    {
        var rig = new StorageRig(38);
        rig.Start();
        StorageException refused = Assert.Throws<StorageException>(() => LogDirectory.Open(
            rig.Disk.Attach(), StorageRig.Root, StorageRig.DirectoryOptions(), rig.Process.Ports));
        Assert.Equal(StorageErrorKind.InUse, refused.Kind);
        Assert.Contains("in use", refused.Message, StringComparison.Ordinal);
        rig.Stop();
        rig.Start();
    }

    [Fact]
    public void A_data_directory_of_another_node_or_cluster_is_refused()
    {
        var rig = new StorageRig(39);
        rig.Start();
        rig.Stop();
        LogDirectoryOptions otherNode = new() { NodeId = new NodeId(2) };
        LogDirectoryOptions otherCluster = new() { NodeId = new NodeId(1), ClusterId = new Uid128(9, 9) };
        foreach (LogDirectoryOptions options in new[] { otherNode, otherCluster })
        {
            StorageException refused = Assert.Throws<StorageException>(() =>
                LogDirectory.Open(rig.Disk.Attach(), StorageRig.Root, options, rig.Process.Ports));
            Assert.Equal(StorageErrorKind.ForeignIdentity, refused.Kind);
        }

        rig.Start();
    }

    [Fact]
    public void A_region_stays_readable_after_its_partition_was_deleted_until_it_is_released()
    {
        var rig = new StorageRig(40, new PartitionLogOptions { SegmentSizeMax = StorageLimits.SegmentSizeMin });
        rig.Start();
        for (int i = 0; i < 60; i++)
            rig.Append(1000, new string('v', 200) + i);
        ReadResult sealedRead = rig.Log.Read(LogOffset.Zero, 500, rig.Log.ReadableEnd);
        ReadResult activeRead = rig.Log.Read(new LogOffset(59), 500, rig.Log.ReadableEnd);
        rig.Run(async () => await rig.Directory.DeletePartitionAsync(StorageRig.Id, StorageRig.TopicName));
        Assert.False(rig.Disk.DirectoryExists(StorageRig.PartitionPath));
        Assert.Empty(rig.Directory.ListPartitions());
        Assert.Equal(AppendStatus.Closed, rig.Append(1000, "late").Status);
        var records = new List<TestRecord>();
        StorageRig.Decode(sealedRead, records);
        StorageRig.Decode(activeRead, records);
        Assert.Equal(0, records[0].Offset);
        Assert.Equal(59, records[^1].Offset);
        sealedRead.Region.Release();
        activeRead.Region.Release();
        rig.Run(async () =>
        {
            PartitionLog again = await rig.Directory.OpenPartitionAsync(
                StorageRig.Id, StorageRig.TopicName, rig.Options, CancellationToken.None);
            Assert.Equal(0, again.LogEnd.Value);
        });
        rig.Stop();
    }

    [Fact]
    public void With_flush_ack_nothing_is_readable_before_its_flush_has_ended()
    {
        var rig = new StorageRig(41);
        rig.Start();
        rig.Append(1000, "kept");
        Task<AppendResult> waiting = Task.FromResult(default(AppendResult));
        Task begin = rig.Process.Start(() =>
        {
            waiting = rig.Log.AppendAsync(StorageRig.Batch(1000, "waiting"), AppendMode.Confirmed).AsTask();
            return Task.CompletedTask;
        });
        rig.Scheduler.RunUntil(() => begin.IsCompleted, "the append has not begun");
        Assert.Equal(2, rig.Log.LogEnd.Value);
        Assert.Equal(1, rig.Log.FlushedEnd.Value);
        Assert.Equal(1, rig.Log.ReadableEnd.Value);
        Assert.False(waiting.IsCompleted);
        rig.Scheduler.RunUntil(() => waiting.IsCompleted, "the append has not ended");
        Assert.Equal(2, rig.Log.ReadableEnd.Value);
    }

    [Theory]
    [InlineData(FlushMode.Os)]
    [InlineData(FlushMode.Interval)]
    public void Without_flush_ack_the_write_is_enough_and_is_flushed_later(FlushMode mode)
    {
        FlushPolicy policy = mode == FlushMode.Os ? FlushPolicy.Os : FlushPolicy.Every(TimeSpan.FromMilliseconds(50));
        var rig = new StorageRig(42, new PartitionLogOptions { Flush = policy });
        rig.Start();
        Assert.Equal(AppendStatus.Ok, rig.Append(1000, "a").Status);
        Assert.Equal(0, rig.Log.FlushedEnd.Value);
        Assert.Equal(1, rig.Log.ReadableEnd.Value);
        rig.Scheduler.RunFor(TimeSpan.FromSeconds(90));
        Assert.Equal(1, rig.Log.FlushedEnd.Value);
        rig.PowerCut(new Prng(1), PowerCutOutcome.AllLost);
        rig.Start();
        Assert.Equal(["a"], rig.ReadAll().Select(record => record.Value));
    }

    private sealed class Observer : ILogObserver
    {
        public int Faults { get; private set; }

        public void ReadableEndAdvanced(PartitionLog log)
        {
        }

        public void Faulted(PartitionLog log, StorageFault fault) => Faults++;
    }
}

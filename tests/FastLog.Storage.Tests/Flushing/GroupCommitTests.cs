using FastLog.Primitives;
using FastLog.Simulator;
using FastLog.Storage.Disk;
using FastLog.Storage.Flushing;
using FastLog.Storage.Recovery;

namespace FastLog.Storage.Tests.Flushing;

public class GroupCommitTests
{
    private const int FileSize = 256 * 1024;

    private readonly SimulatedDisk _disk = new(3);

    [Fact]
    public void Many_small_partitions_share_one_flush()
    {
        FlushRig rig = Rig(200);
        AppendEach(rig, 100);
        rig.Ports.RunAll();
        Assert.All(rig.Logs, log => Assert.Equal(100, log.Durable));
        Assert.InRange(rig.Commit.Metrics.FileFlushes, 1, 3);
        Assert.True(rig.Commit.Metrics.CarriedBytes >= 199 * 100);
        _disk.PowerCut(new Prng(1), PowerCutOutcome.AllLost);
        rig.CheckAfterRestart(_disk, "after a cut");
    }

    [Fact]
    public void A_partition_alone_is_flushed_in_its_own_file()
    {
        FlushRig rig = Rig(3);
        rig.Logs[1].Append(new byte[500]);
        rig.Ports.RunAll();
        Assert.Equal(500, rig.Logs[1].Durable);
        Assert.Equal(0, rig.Commit.Metrics.CarriedBytes);
        Assert.Equal(500, _disk.PeekDurable(rig.Logs[1].Path).Length);
    }

    [Fact]
    public void A_large_append_is_not_carried()
    {
        FlushRig rig = Rig(20);
        AppendEach(rig, 50);
        rig.Logs[5].Append(new byte[300_000]);
        rig.Ports.RunAll();
        Assert.All(rig.Logs, log => Assert.Equal(log.Written, log.Durable));
        Assert.True(rig.Commit.Metrics.CarriedBytes < 20 * 100);
    }

    [Fact]
    public void A_failed_flush_fences_its_partition_and_no_other()
    {
        FlushRig rig = Rig(4);
        _disk.Faults.Fail(DiskOperation.Flush, DiskErrors.Io, pathEnd: "p0002");
        rig.Logs[2].Append(new byte[100_000]);
        rig.Ports.RunAll();
        Assert.Equal(DiskErrors.Io, rig.Logs[2].Failure!.ErrorNumber);
        Assert.Equal(0, rig.Logs[2].Durable);
        AppendEach(rig, 100);
        rig.Ports.RunAll();
        Assert.Equal(1, rig.Logs[2].FlushesEnded);
        Assert.Equal(0, rig.Logs[2].Durable);
        Assert.Equal(100, rig.Logs[0].Durable);
        Assert.Null(rig.Commit.Failure);
        var refused = Assert.Throws<DiskException>(() => rig.Ports.Complete(rig.Logs[2].Member!.SettleAsync()));
        Assert.Equal(DiskErrors.Io, refused.ErrorNumber);

        // The rounds after it were durable: they must not have claimed what the failed flush left behind.
        _disk.PowerCut(new Prng(1), PowerCutOutcome.AllLost);
        rig.CheckAfterRestart(_disk, "after a failed flush and a cut");
    }

    [Theory]
    [InlineData(DiskOperation.Flush)]
    [InlineData(DiskOperation.Write)]
    public void A_failure_of_the_recovery_log_fences_every_partition(DiskOperation operation)
    {
        FlushRig rig = Rig(10);
        _disk.Faults.Fail(operation, DiskErrors.Io, pathEnd: ".recovery");
        _disk.Faults.Fail(operation, DiskErrors.Io, pathEnd: ".tmp");
        AppendEach(rig, 100);
        rig.Ports.RunAll();
        rig.Ports.Advance(TimeSpan.FromMilliseconds(50));
        Assert.NotNull(rig.Commit.Failure);
        Assert.All(rig.Logs, log => Assert.NotNull(log.Failure));
        long durable = rig.Logs.Sum(log => log.Durable);
        foreach (FakeLog log in rig.Logs)
            log.Append(new byte[10]);
        rig.Ports.RunAll();
        Assert.Equal(durable, rig.Logs.Sum(log => log.Durable));
        Assert.Throws<DiskException>(() => rig.Ports.Complete(rig.Commit.DisposeAsync().AsTask()));
    }

    [Fact]
    public void The_recovery_log_stays_bounded_and_older_files_go_once_their_bytes_are_flushed()
    {
        FlushRig rig = Rig(30);
        for (int round = 0; round < 400; round++)
        {
            AppendEach(rig, 300);
            rig.Ports.RunAll();
            rig.Ports.Advance(TimeSpan.FromMilliseconds(5));
        }

        Assert.All(rig.Logs, log => Assert.Equal(log.Written, log.Durable));
        Assert.True(rig.Commit.Metrics.CarriedBytes > 4 * FileSize);
        rig.Ports.Advance(TimeSpan.FromMilliseconds(100));
        int files = _disk.ListFiles(FlushRig.RecoveryDirectory).Count;
        Assert.InRange(files, 1, RecoveryLogLimits.OlderFilesMax + 2);
    }

    [Fact]
    public void Without_room_for_the_next_recovery_log_file_partitions_are_flushed_by_themselves()
    {
        FlushRig rig = Rig(30);
        _disk.Faults.Fail(DiskOperation.Allocate, DiskErrors.NoSpace, times: 1000);
        for (int round = 0; round < 100; round++)
        {
            AppendEach(rig, 300);
            rig.Ports.RunAll();
        }

        Assert.All(rig.Logs, log => Assert.Equal(log.Written, log.Durable));
        Assert.Null(rig.Commit.Failure);
        _disk.Faults.Clear();
        _disk.PowerCut(new Prng(1), PowerCutOutcome.AllLost);
        rig.CheckAfterRestart(_disk, "after a cut");
    }

    [Fact]
    public void Background_flushes_come_by_age_and_by_bytes()
    {
        var options = new FlushOptions { UnflushedBytesMax = 10_000, UnflushedAgeMax = TimeSpan.FromSeconds(10) };
        var rig = new FlushRig(_disk, 1, 4, FlushPolicy.Os, FileSize, options);
        rig.Logs[0].Append(new byte[1000]);
        rig.Ports.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(0, rig.Logs[0].Durable);
        rig.Ports.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(1000, rig.Logs[0].Durable);
        rig.Logs[1].Append(new byte[6000]);
        rig.Ports.RunAll();
        Assert.Equal(0, rig.Logs[1].Durable);
        rig.Logs[2].Append(new byte[6000]);
        rig.Ports.RunAll();
        Assert.Equal(6000, rig.Logs[1].Durable);
        Assert.Equal(6000, rig.Logs[2].Durable);
    }

    [Fact]
    public void An_interval_flushes_by_time_and_by_bytes()
    {
        var rig = new FlushRig(_disk, 1, 2, FlushPolicy.Every(TimeSpan.FromMilliseconds(200), 5000), FileSize);
        rig.Logs[0].Append(new byte[1000]);
        rig.Ports.Advance(TimeSpan.FromMilliseconds(190));
        Assert.Equal(0, rig.Logs[0].Durable);
        rig.Ports.Advance(TimeSpan.FromMilliseconds(20));
        Assert.Equal(1000, rig.Logs[0].Durable);
        rig.Logs[1].Append(new byte[5000]);
        rig.Ports.RunAll();
        Assert.Equal(5000, rig.Logs[1].Durable);
    }

    [Fact]
    public void Settling_brings_carried_bytes_into_the_partitions_own_file()
    {
        FlushRig rig = Rig(20);
        AppendEach(rig, 100);
        rig.Ports.RunAll();
        FakeLog log = rig.Logs[7];
        rig.Ports.Complete(log.Member!.SettleAsync());
        Assert.Equal(log.Content, _disk.PeekDurable(log.Path));
    }

    [Fact]
    public void A_lowered_point_survives_and_a_removed_partition_is_forgotten()
    {
        FlushRig rig = Rig(20);
        AppendEach(rig, 100);
        rig.Ports.RunAll();
        rig.Ports.Complete(rig.Logs[3].Member!.SettleAsync());
        rig.Ports.Complete(rig.Logs[3].Member!.ResetPointAsync(rig.Logs[3].PointAt(40)));
        rig.Ports.Complete(rig.Logs[4].Member!.RemoveAsync());
        _disk.PowerCut(new Prng(1), PowerCutOutcome.AllLost);
        using RecoveryLog recovered = RecoveryLog.Open(_disk, FlushRig.RecoveryDirectory, new Prng(5));
        Assert.Equal(rig.Logs[3].PointAt(40), recovered.Find(rig.Logs[3].Id)!.RecoveryPoint);
        Assert.Equal(0, recovered.Find(rig.Logs[3].Id)!.CarriedBytes);
        Assert.Null(recovered.Find(rig.Logs[4].Id));
        Assert.Equal(19, recovered.Recovered.Count);
    }

    [Fact]
    public void A_clean_end_leaves_one_small_file_with_every_point()
    {
        FlushRig rig = Rig(20);
        AppendEach(rig, 100);
        rig.Ports.RunAll();
        AppendEach(rig, 77);
        rig.Ports.Complete(rig.Commit.DisposeAsync().AsTask());
        Assert.Single(_disk.ListFiles(FlushRig.RecoveryDirectory));
        _disk.PowerCut(new Prng(1), PowerCutOutcome.AllLost);
        using RecoveryLog recovered = RecoveryLog.Open(_disk, FlushRig.RecoveryDirectory, new Prng(5));
        foreach (FakeLog log in rig.Logs)
        {
            Assert.Equal(log.PointAt(177), recovered.Find(log.Id)!.Flushed);
            Assert.Equal(log.Content, _disk.PeekDurable(log.Path));
        }
    }

    private static void AppendEach(FlushRig rig, int bytes)
    {
        var random = new Prng((ulong)bytes);
        byte[] content = new byte[bytes];
        foreach (FakeLog log in rig.Logs)
        {
            random.Fill(content);
            log.Append(content);
        }
    }

    private FlushRig Rig(int logs) => new(_disk, 1, logs, FlushPolicy.Ack, FileSize);
}

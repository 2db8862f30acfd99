using System.Text;
using FastLog.Primitives;
using FastLog.Records;
using FastLog.Simulator;
using FastLog.Storage.Maintenance;
using FastLog.Storage.Recovery;
using FastLog.Storage.Tests.Logs;

namespace FastLog.Storage.Tests.Compaction;

public class CompactionTests
{
    [Fact]
    public void A_reader_inside_of_a_compacted_range_is_not_disturbed()
    {
        var history = new CompactionHistory(21);
        history.AppendSome(80, 10);
        ReadResult held = history.Rig.Log.Read(LogOffset.Zero, 6_000, history.Rig.Log.ReadableEnd);
        byte[] before = Bytes(held);
        int reads = 0;
        bool isInside = false;
        Action<DiskOperationInfo>? hook = history.Rig.Disk.BeforeOperation;
        history.Rig.Disk.BeforeOperation = operation =>
        {
            hook?.Invoke(operation);
            if (isInside || operation.Number == 0)
                return;
            isInside = true;
            ReadResult result = history.Rig.Log.Read(
                new LogOffset(history.Random.Next(history.Records.Count)), 3_000, history.Rig.Log.ReadableEnd);
            Assert.Equal(ReadStatus.Ok, result.Status);
            Assert.NotEmpty(Bytes(result));
            result.Region.Release();
            reads++;
            isInside = false;
        };
        history.Compact();
        history.Rig.Disk.BeforeOperation = hook;
        Assert.True(reads > 20, $"{reads} reads");
        Assert.Equal(before, Bytes(held));
        held.Region.Release();
        history.Check(isCompacted: true);
    }

    [Fact]
    public void A_tombstone_stays_for_its_time_after_all_older_records_went_and_then_goes_itself()
    {
        var history = new CompactionHistory(20);
        history.Append([("gone", "1"), ("kept", "1")]);
        Fill(history);
        history.Append([("gone", null)]);
        Fill(history);
        history.Compact();
        history.Check(isCompacted: true);
        Assert.Single(history.ReadReadable(), record => record.Key == "gone" && record.IsTombstone);

        // Its time begins with that pass, not with its append; a pass within it leaves it, also after a restart.
        history.PassTime(CompactionHistory.TombstoneRetention - TimeSpan.FromMinutes(1));
        history.Rig.Stop();
        history.Rig.Start();
        Fill(history);
        history.Compact();
        Assert.Contains("gone", TombstonesOf(history));
        history.PassTime(TimeSpan.FromMinutes(2));
        Fill(history);
        history.Compact();
        history.Check(isCompacted: true);
        Assert.DoesNotContain(history.ReadReadable(), record => record.Key == "gone");
        Assert.Single(history.ReadReadable(), record => record.Key == "kept");
    }

    [Fact]
    public void A_segment_that_the_device_cannot_read_is_left_out_and_told_and_the_others_are_compacted()
    {
        var history = new CompactionHistory(19);
        for (int i = 0; i < 4; i++)
            Fill(history);
        string unreadable = history.Rig.Log.Segments[1].File.Path;
        history.Rig.Disk.Faults.Fail(DiskOperation.Read, DiskErrors.Io, times: int.MaxValue, pathEnd: unreadable);
        history.Compact();
        StorageEvent told = Assert.Single(history.Rig.Events, happened => happened.Id == StorageEventId.CompactionFailed);
        Assert.Equal(unreadable, told.Path);
        Assert.Contains(history.Rig.Disk.Files(), file => file.Path == unreadable);
        history.Rig.Disk.Faults.Clear();
        history.Check();
        Assert.InRange(history.ReadReadable().Count, 12, history.Records.Count / 3);
    }

    [Fact]
    public void A_log_that_is_compacted_and_deleted_from_loses_its_old_segments_as_well()
    {
        var history = new CompactionHistory(18);
        history.Rig.Options = history.Rig.Options with { RetentionAgeMax = TimeSpan.FromHours(10) };
        history.Rig.Run(() => history.Rig.Log.ReconfigureAsync(history.Rig.Options));
        history.Append([("old", "1")]);
        Fill(history);
        history.Compact();
        history.PassTime(TimeSpan.FromHours(6));
        history.Append([("young", "1")]);
        Fill(history);
        history.Compact();
        Fill(history);
        history.Compact();

        // Segments of both times were joined: one counts from its last append.
        history.PassTime(TimeSpan.FromHours(5));
        history.Rig.Run(() => history.Rig.Directory.RunMaintenanceAsync(StorageRig.Id, MaintenanceKind.Retention));
        Assert.Contains(history.ReadReadable(), record => record.Key == "young");
        history.PassTime(TimeSpan.FromHours(6));
        history.Append([("new", "1")]);
        Fill(history);
        history.Rig.Run(() => history.Rig.Directory.RunMaintenanceAsync(StorageRig.Id, MaintenanceKind.Retention));
        Assert.True(history.Rig.Log.LogStart > LogOffset.Zero);
        history.Compact();
        history.Rig.Kill();
        history.Rig.Start();
        string?[] keys = [.. history.ReadReadable().Select(record => record.Key)];
        Assert.DoesNotContain("old", keys);
        Assert.DoesNotContain("young", keys);
        Assert.Contains("new", keys);
    }

    [Fact]
    public void Segments_that_need_nothing_are_not_written_again()
    {
        var history = new CompactionHistory(22);
        for (int i = 0; i < 100; i++)
            history.Append([($"only-{i}", new string('x', 400))]);
        history.Compact();
        history.AppendSome(30, 5);
        long renames = CountRenames(history, history.Compact);
        history.Check(isCompacted: true);
        Assert.InRange(renames, 2, 12);
        history.Append([("more", "1")]);
        Assert.Equal(0, CountRenames(history, history.Compact));
    }

    [Fact]
    public void Small_segments_are_joined_so_that_their_number_stays_bounded()
    {
        var history = new CompactionHistory(23);
        for (int round = 0; round < 40; round++)
        {
            history.AppendSome(20, 12);
            history.Compact();
        }

        history.Check(isCompacted: true);
        Assert.True(history.Records.Count > 2_000);
        Assert.InRange(history.Rig.Log.SegmentCount, 2, 8);
        history.Rig.Stop();
        Assert.Empty(history.Inspect());
    }

    [Fact]
    public void More_keys_than_the_map_holds_take_more_passes()
    {
        var history = new CompactionHistory(24, mapBytes: StorageLimits.CompactionMapBytesMin);
        for (int round = 0; round < 3; round++)
        {
            for (int i = 0; i < 300; i++)
                history.Append([($"key-{i}", $"{round}")]);
        }

        history.Compact();
        history.Check(isCompacted: true);
        int passes = history.Rig.Events.Count(happened => happened.Id == StorageEventId.LogCompacted);
        Assert.True(passes > 5, $"{passes} passes");
        Assert.True(history.CleanPointOffset > 800);
    }

    [Fact]
    public void A_damaged_segment_is_left_out_and_told_and_the_others_are_compacted()
    {
        var history = new CompactionHistory(25);
        for (int i = 0; i < 30; i++)
            history.Append([("kept", $"{i}-{new string('x', 300)}")]);
        string damaged = StorageRig.DataFile(0);
        history.Append([("gone", "old")]);
        for (int i = 0; i < 60; i++)
            history.Append([("other", $"{i}-{new string('x', 300)}")]);
        history.Append([("kept", null), ("gone", null)]);
        for (int i = 0; i < 30; i++)
            history.Append([("other", $"{i}-{new string('x', 300)}")]);
        history.Rig.Disk.FlipBits(damaged, 6_000, 0x10);
        history.Compact();
        Assert.Contains(history.Rig.Events, happened => happened.Id == StorageEventId.CompactionFailed && happened.Path == damaged);
        Assert.Contains(history.Rig.Events, happened => happened.Id == StorageEventId.LogCompacted);

        // Older records of deleted keys may be left in the damaged segment: their tombstones stay.
        history.PassTime(CompactionHistory.TombstoneRetention * 3);
        history.AppendSome(10, 3);
        history.Compact();
        Assert.Contains("kept", TombstonesOf(history));

        // Readable again, and looked at from the start after the next one: now they go.
        history.Rig.Disk.FlipBits(damaged, 6_000, 0x10);
        history.Rig.Stop();
        history.Rig.Start();
        history.Compact();
        history.Check(isCompacted: true);
        Assert.DoesNotContain("kept", TombstonesOf(history));
    }

    [Fact]
    public void A_pass_waits_for_new_bytes_and_for_the_smallest_lag()
    {
        var policy = new CompactionPolicy { DirtyRatioMin = 0.5, LagMin = TimeSpan.FromMinutes(10) };
        var history = new CompactionHistory(26, policy: policy);
        for (int i = 0; i < 100; i++)
            history.Append([($"key-{i}", new string('x', 400))]);
        Assert.Equal(0, CountRenames(history, history.Compact));
        Assert.Equal(0, history.CleanPointOffset);
        history.PassTime(TimeSpan.FromMinutes(11));
        history.Compact();
        long clean = history.CleanPointOffset;
        Assert.True(clean > 50);

        // A tenth is new: not worth a pass.
        for (int i = 0; i < 20; i++)
            history.Append([($"key-{i}", new string('x', 400))]);
        history.PassTime(TimeSpan.FromMinutes(11));
        history.Compact();
        Assert.Equal(clean, history.CleanPointOffset);
    }

    [Fact]
    public void The_largest_lag_rolls_the_active_segment_and_compacts_it()
    {
        var policy = new CompactionPolicy { DirtyRatioMin = 1, LagMax = TimeSpan.FromHours(1) };
        var history = new CompactionHistory(27, policy: policy);
        history.Append([("key", "1")]);
        history.Append([("key", "2")]);
        history.Compact();
        Assert.Equal(1, history.Rig.Log.SegmentCount);
        history.PassTime(TimeSpan.FromHours(2));
        history.Compact();
        Assert.Equal(2, history.CleanPointOffset);
        history.Check(isCompacted: true);
        history.Rig.Kill();
        history.Rig.Start();
        history.Check(isCompacted: true);
    }

    [Fact]
    public void Compaction_keeps_to_its_rate()
    {
        var history = new CompactionHistory(28);
        history.AppendSome(200, 30);
        history.Rig.Compaction = history.Rig.Compaction with { BytesPerSecondMax = StorageLimits.CompactionBytesPerSecondMin };
        history.Rig.Stop();
        history.Rig.Start();
        TimeSpan before = history.Rig.Scheduler.Elapsed;
        long bytes = history.Rig.Log.SizeBytes;
        history.Compact();
        double seconds = (history.Rig.Scheduler.Elapsed - before).TotalSeconds;
        double perSecond = 2 * bytes / seconds;
        Assert.True(perSecond < 1.3 * StorageLimits.CompactionBytesPerSecondMin, $"{bytes} bytes twice in {seconds} s");
    }

    [Theory]
    [InlineData(Codec.None)]
    [InlineData(Codec.Gzip)]
    public void A_compacted_log_takes_no_record_without_a_key(Codec codec)
    {
        var history = new CompactionHistory(29);
        var builder = new BatchBuilder(new byte[4_096]);
        Assert.True(builder.TryAppend(new Timestamp(1), "key"u8, new byte[500]));
        Assert.True(builder.TryAppend(new Timestamp(1), NullableBytes.Null, new byte[500]));
        byte[] batch = builder.Build(codec).ToArray();
        AppendResult result = history.Rig.Append(batch);
        Assert.Equal((AppendStatus.InvalidBatch, BatchStatus.KeyMissing), (result.Status, result.Reason));
        Assert.Equal(LogOffset.Zero, history.Rig.Log.LogEnd);
        history.Rig.Run(() => history.Rig.Log.ReconfigureAsync(history.Rig.Options with { Compaction = null }));
        Assert.Equal(AppendStatus.Ok, history.Rig.Append(batch).Status);
    }

    [Fact]
    public void A_full_disk_ends_a_pass_without_a_loss_and_a_later_one_goes_on()
    {
        var history = new CompactionHistory(30);
        history.AppendSome(100, 10);
        history.Rig.Disk.Faults.Fail(DiskOperation.Write, DiskErrors.NoSpace, skip: 3, times: 1, pathEnd: ".cleaned");
        Assert.Throws<StorageException>(history.Compact);
        history.Check();
        Assert.DoesNotContain(history.Rig.Disk.Files(), file => file.Path.EndsWith(".cleaned", StringComparison.Ordinal));
        history.Compact();
        history.Check(isCompacted: true);
    }

    [Theory]
    [InlineData(DiskOperation.FlushDirectory, "")]
    [InlineData(DiskOperation.Rename, ".cleaned")]
    [InlineData(DiskOperation.Rename, ".swap")]
    public void A_swap_that_fails_ends_the_compaction_until_the_next_start(DiskOperation operation, string pathEnd)
    {
        var history = new CompactionHistory(31);
        history.AppendSome(100, 10);
        history.Rig.Disk.Faults.Fail(operation, DiskErrors.Io, pathEnd: pathEnd);
        Assert.Throws<StorageException>(history.Compact);
        Assert.Contains(history.Rig.Events, happened => happened.Id == StorageEventId.CompactionStopped);
        history.Check();
        Assert.Equal(0, CountRenames(history, history.Compact));

        // The kernel tells of lost names once: they may be those of the log's own new segments.
        Assert.Equal(AppendStatus.Fenced, history.Rig.Append(KeyedBatch("key")).Status);
        history.Rig.Kill();
        Assert.Empty(history.Inspect());
        history.Rig.Start();
        history.Check();
        history.Compact();
        history.Check(isCompacted: true);
    }

    [Fact]
    public void A_compacted_segment_that_is_damaged_at_a_start_is_set_aside()
    {
        CompactionHistory history = new(32);
        history.AppendSome(100, 10);
        history.Rig.Disk.Faults.Fail(DiskOperation.Rename, DiskErrors.Io, skip: 1, pathEnd: ".swap");
        Assert.Throws<StorageException>(history.Compact);
        history.Rig.Kill();
        string swap = history.Rig.Disk.Files().First(file => file.Path.EndsWith(".swap", StringComparison.Ordinal)).Path;
        history.Rig.Disk.FlipBits(swap, 700, 0xff);
        history.Rig.Start();
        Assert.Contains(history.Rig.Events, happened => happened.Id == StorageEventId.CompactedSegmentDamaged);
        Assert.Contains(history.Rig.Log.Defects, defect => defect.Kind == LogDefectKind.SegmentMissing);
        Assert.Contains(history.Rig.Disk.Files(), file => file.Path.EndsWith(".damaged", StringComparison.Ordinal));
    }

    [Fact]
    public void A_log_is_closed_in_the_middle_of_a_compaction_and_goes_on_with_the_next_start()
    {
        var history = new CompactionHistory(33);
        history.AppendSome(200, 30);
        history.Rig.Compaction = history.Rig.Compaction with { BytesPerSecondMax = StorageLimits.CompactionBytesPerSecondMin };
        history.Rig.Stop();
        history.Rig.Start();
        Task pass = history.Rig.Process.Start(
            () => history.Rig.Directory.RunMaintenanceAsync(StorageRig.Id, MaintenanceKind.Compaction));
        history.PassTime(TimeSpan.FromMilliseconds(300));
        Assert.False(pass.IsCompleted);
        history.Rig.Stop();
        Assert.True(pass.IsCanceled || pass.IsFaulted);
        history.Rig.Start();
        Assert.True(history.Rig.Directory.WasClean);
        history.Check();
    }

    [Fact]
    public void Carried_bytes_do_not_come_back_into_a_compacted_segment()
    {
        // In company small appends are durable by the recovery log, and a start writes their bytes into the segments again.
        var history = new CompactionHistory(34);
        var company = new List<PartitionLog>();
        history.Rig.Run(async () =>
        {
            for (int i = 0; i < 3; i++)
            {
                var id = new TopicPartition(StorageRig.Id.Topic, new PartitionId(10 + i));
                company.Add(await history.Rig.Directory.OpenPartitionAsync(
                    id, StorageRig.TopicName, new PartitionLogOptions(), CancellationToken.None));
            }
        });
        for (int i = 0; i < 120; i++)
        {
            foreach (PartitionLog other in company)
                _ = history.Rig.Process.Start(async () => await other.AppendAsync(StorageRig.Batch(1, "company"), AppendMode.Confirmed));
            history.Append([($"key-{i % 4}", new string('x', 300))]);
        }

        var recorded = new RecoveryLogLoader(history.Rig.Disk.Clone(1), $"{StorageRig.Root}/recovery");
        recorded.Load();
        Assert.True(recorded.State.Carried.ContainsKey(StorageRig.Id));
        history.Compact();
        Assert.True(history.CleanPointOffset > 60);
        history.Rig.Kill();
        history.Rig.Start();
        history.Check(isCompacted: true);
    }

    /// <summary>More than a segment, of one key.</summary>
    private static void Fill(CompactionHistory history)
    {
        for (int i = 0; i < 30; i++)
            history.Append([("other", $"{i}-{new string('x', 300)}")]);
    }

    private static byte[] KeyedBatch(string key)
    {
        var builder = new BatchBuilder(new byte[1_024]);
        Assert.True(builder.TryAppend(new Timestamp(1), Encoding.UTF8.GetBytes(key), "value"u8));
        return builder.Build(Codec.None).ToArray();
    }

    private static HashSet<string> TombstonesOf(CompactionHistory history)
    {
        var keys = new HashSet<string>();
        foreach (KeyedRecord record in history.ReadReadable())
        {
            if (record.IsTombstone)
                keys.Add(record.Key!);
        }

        return keys;
    }

    private static long CountRenames(CompactionHistory history, Action action)
    {
        long count = 0;
        Action<DiskOperationInfo>? hook = history.Rig.Disk.BeforeOperation;
        history.Rig.Disk.BeforeOperation = operation =>
        {
            hook?.Invoke(operation);
            bool isSwap = operation.Operation == DiskOperation.Rename && !operation.Path.Contains("clean-point", StringComparison.Ordinal);
            count += isSwap ? 1 : 0;
        };
        action();
        history.Rig.Disk.BeforeOperation = hook;
        return count;
    }

    private static byte[] Bytes(in ReadResult result)
    {
        byte[] bytes = new byte[result.Region.Length];
        Assert.Equal(bytes.Length, result.Region.File!.Read(result.Region.Position, bytes));
        return bytes;
    }
}

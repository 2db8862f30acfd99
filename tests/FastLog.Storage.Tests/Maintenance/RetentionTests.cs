using FastLog.Primitives;
using FastLog.Simulator;
using FastLog.Storage.Flushing;
using FastLog.Storage.Recovery;
using FastLog.Storage.Segments;
using FastLog.Storage.Tests.Logs;

namespace FastLog.Storage.Tests.Maintenance;

/// <summary>Deletion by age and size, by the log start, beside readers, and what clocks and crashes do to it.</summary>
public class RetentionTests
{
    private static readonly PartitionLogOptions SmallSegments = new() { SegmentSizeMax = StorageLimits.SegmentSizeMin };

    [Fact]
    public void The_oldest_segments_go_while_the_others_hold_the_size()
    {
        var rig = new StorageRig(31, SmallSegments with { RetentionSizeMax = 30_000 });
        rig.Start();
        Fill(rig, 100);
        rig.Scheduler.RunFor(TimeSpan.FromSeconds(1));
        Assert.InRange(rig.Log.SizeBytes, 30_000, 30_000 + (2 * StorageLimits.SegmentSizeMin));
        long start = rig.Log.LogStart.Value;
        Assert.True(start > 20);
        Assert.Equal(Enumerable.Range((int)start, 100 - (int)start).Select(i => (long)i), rig.ReadAll(start).Select(r => r.Offset));
        Assert.Equal(ReadStatus.OutOfRange, rig.Log.Read(new LogOffset(start - 1), 1, rig.Log.LogEnd).Status);
        Assert.Equal(start, rig.Find(0).Offset.Value);
        Assert.Equal(rig.Log.SegmentCount, rig.Disk.ListFiles(StorageRig.PartitionPath).Count(name => name.EndsWith(".log", StringComparison.Ordinal)));
        rig.Stop();
        rig.Start();
        Assert.Equal(start, rig.Log.LogStart.Value);
        Assert.Empty(rig.Log.Defects);
    }

    [Fact]
    public void A_segment_goes_when_its_last_append_is_old_and_the_active_one_with_it()
    {
        var rig = new StorageRig(32, SmallSegments with { RetentionAgeMax = TimeSpan.FromHours(1) });
        rig.Start();
        Fill(rig, 10);
        rig.Scheduler.RunFor(TimeSpan.FromMinutes(40));
        Fill(rig, 10);
        rig.Scheduler.RunFor(TimeSpan.FromMinutes(25));
        Assert.InRange(rig.Log.LogStart.Value, 1, 10);
        rig.Scheduler.RunFor(TimeSpan.FromMinutes(40));
        Assert.Equal(20, rig.Log.LogStart.Value);
        Assert.Equal(20, rig.Log.LogEnd.Value);
        Assert.Equal(1, rig.Log.SegmentCount);
        Assert.Equal(20, rig.Append(1, "next").BaseOffset.Value);
    }

    /// <summary>
    /// When the appends behind the last index entry were is not stored: a start must not take them for older than they are.
    /// </summary>
    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 1)]
    [InlineData(true, 5)]
    [InlineData(false, 5)]
    public void A_start_lets_no_segment_go_before_its_last_append_is_old(bool isClean, int records)
    {
        var rig = new StorageRig(41, new PartitionLogOptions { RetentionAgeMax = TimeSpan.FromHours(10) });
        rig.Start();
        Fill(rig, records);
        rig.Scheduler.RunFor(TimeSpan.FromHours(9.9));
        Fill(rig, 1);
        if (isClean)
            rig.Stop();
        else
            rig.Kill();
        rig.Start();
        rig.Scheduler.RunFor(TimeSpan.FromHours(9));
        Assert.Equal(0, rig.Log.LogStart.Value);
        rig.Scheduler.RunFor(TimeSpan.FromHours(1.5));
        Assert.Equal(records + 1, rig.Log.LogStart.Value);
    }

    [Fact]
    public void A_quiet_log_is_emptied_however_often_it_is_opened()
    {
        var rig = new StorageRig(42, SmallSegments with { RetentionAgeMax = TimeSpan.FromHours(10) });
        rig.Start();
        Fill(rig, 3);
        for (int i = 0; i < 5; i++)
        {
            rig.Scheduler.RunFor(TimeSpan.FromHours(4.2));
            rig.Stop();
            rig.Start();
        }

        Assert.Equal(0, rig.Log.SizeBytes - SegmentLayout.HeaderSize);
        Assert.Equal(3, rig.Log.LogStart.Value);
        Assert.Equal(3, rig.Log.LogEnd.Value);
    }

    /// <summary>Also where the records that are deleted share a segment, or a batch, with the first that is left.</summary>
    [Fact]
    public void A_time_is_not_found_among_what_was_deleted()
    {
        var rig = new StorageRig(43);
        rig.Start();
        rig.Append(100, "a", "b", "c");
        rig.Append(200, "d", "e");
        rig.Run(() => rig.Log.TrimPrefixAsync(new LogOffset(1)));
        Assert.Equal(1, rig.Find(50).Offset.Value);
        rig.Run(() => rig.Log.TrimPrefixAsync(new LogOffset(4)));
        Assert.Equal(4, rig.Find(50).Offset.Value);
        Assert.Equal(4, rig.Find(200).Offset.Value);
        rig.Run(() => rig.Log.TrimPrefixAsync(new LogOffset(5)));
        Assert.False(rig.Find(50).IsFound);
    }

    [Fact]
    public void Jumps_of_the_wall_clock_delete_nothing_early_and_nothing_late()
    {
        var rig = new StorageRig(33, SmallSegments with { RetentionAgeMax = TimeSpan.FromHours(10) });
        rig.Start();
        Fill(rig, 10);
        foreach (int days in new[] { 30, -60, 33, -3 })
        {
            rig.Scheduler.JumpWallClock(TimeSpan.FromDays(days));
            Fill(rig, 5);
            rig.Scheduler.RunFor(TimeSpan.FromHours(1));
            Assert.Equal(0, rig.Log.LogStart.Value);
        }

        rig.Scheduler.RunFor(TimeSpan.FromHours(10.1));
        Assert.Equal(30, rig.Log.LogStart.Value);
    }

    /// <summary>Days to and fro, five times as fast, backwards (R13).</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_wall_clock_in_chaos_deletes_nothing_early_and_takes_no_order(ulong seed)
    {
        var random = new Prng(seed);
        var rig = new StorageRig(seed, SmallSegments with { RetentionAgeMax = TimeSpan.FromHours(6) });
        rig.Start();
        var records = new List<TestRecord>();
        for (int i = 0; i < 35; i++)
        {
            TimeSpan jump = random.Next(4) switch
            {
                0 => TimeSpan.FromDays(3),
                1 => TimeSpan.FromDays(-3),
                2 => TimeSpan.FromMinutes(40),
                _ => TimeSpan.FromMinutes(-20),
            };
            rig.Scheduler.JumpWallClock(jump);
            long now = rig.Scheduler.WallNow.UnixMilliseconds;
            records.Add(new TestRecord(i, now, $"{i}-{new string('v', 900)}"));
            Assert.Equal(i, rig.Append(now, records[i].Value).BaseOffset.Value);
            rig.Scheduler.RunFor(TimeSpan.FromMinutes(10));
            Assert.Equal(0, rig.Log.LogStart.Value);
        }

        Assert.True(rig.Log.SegmentCount > 5);
        Assert.Equal(records, rig.ReadAll());
        foreach (TestRecord record in records)
            Assert.Equal(records.FindIndex(other => other.Timestamp >= record.Timestamp), rig.Find(record.Timestamp).Offset.Value);
        rig.Scheduler.RunFor(TimeSpan.FromHours(6.1));
        Assert.Equal(35, rig.Log.LogStart.Value);
    }

    [Fact]
    public void A_wall_clock_that_is_wrong_at_a_start_counts_for_a_day_at_most()
    {
        var rig = new StorageRig(34, SmallSegments with { RetentionAgeMax = TimeSpan.FromDays(3) });
        rig.Start();
        Fill(rig, 10);
        rig.Stop();
        rig.Scheduler.JumpWallClock(TimeSpan.FromDays(365));
        rig.Start();
        rig.Scheduler.RunFor(TimeSpan.FromHours(1));
        Assert.Equal(0, rig.Log.LogStart.Value);
        rig.Scheduler.RunFor(TimeSpan.FromHours(46));
        Assert.Equal(0, rig.Log.LogStart.Value);
        rig.Scheduler.RunFor(TimeSpan.FromHours(2));
        Assert.Equal(10, rig.Log.LogStart.Value);
    }

    [Fact]
    public void A_first_life_that_is_killed_at_once_hands_its_clock_on()
    {
        var rig = new StorageRig(42, SmallSegments with { RetentionAgeMax = TimeSpan.FromDays(2) });
        rig.Start();
        Fill(rig, 10);
        rig.Kill();
        rig.Scheduler.JumpWallClock(TimeSpan.FromDays(30));
        rig.Start();
        rig.Scheduler.RunFor(TimeSpan.FromHours(1));
        Assert.Equal(0, rig.Log.LogStart.Value);
    }

    [Fact]
    public void A_clock_that_is_set_right_after_the_start_does_no_harm_and_one_set_back_stops_nothing()
    {
        var rig = new StorageRig(35, SmallSegments with { RetentionAgeMax = TimeSpan.FromDays(1) });
        rig.Start();
        Fill(rig, 10);
        rig.Stop();
        rig.Scheduler.JumpWallClock(TimeSpan.FromHours(23.9));
        rig.Start();
        rig.Scheduler.JumpWallClock(-TimeSpan.FromHours(23.9));
        rig.Scheduler.RunFor(TimeSpan.FromHours(12));
        Assert.Equal(0, rig.Log.LogStart.Value);
        rig.Kill();
        rig.Scheduler.JumpWallClock(-TimeSpan.FromDays(100));
        rig.Start();
        rig.Scheduler.RunFor(TimeSpan.FromHours(11));
        Assert.Equal(0, rig.Log.LogStart.Value);
        rig.Scheduler.RunFor(TimeSpan.FromHours(2));
        Assert.Equal(8, rig.Log.LogStart.Value);

        // Of the segment that was active at the crash it is not known when its last append was.
        rig.Scheduler.RunFor(TimeSpan.FromHours(12));
        Assert.Equal(10, rig.Log.LogStart.Value);
    }

    [Fact]
    public void A_region_that_is_being_read_keeps_its_bytes_while_its_segment_is_deleted()
    {
        var rig = new StorageRig(36, SmallSegments);
        rig.Start();
        Fill(rig, 60);
        ReadResult held = rig.Log.Read(LogOffset.Zero, 5_000, rig.Log.ReadableEnd);
        var before = new List<TestRecord>();
        StorageRig.Decode(held, before);
        rig.Run(() => rig.Log.TrimPrefixAsync(rig.Log.ReadableEnd));
        Assert.Equal(1, rig.Log.SegmentCount);
        Fill(rig, 60);
        var after = new List<TestRecord>();
        StorageRig.Decode(held, after);
        held.Region.Release();
        Assert.Equal(before, after);
        Assert.Empty(rig.Disk.Violations);
    }

    [Fact]
    public void Deleting_records_moves_the_start_inside_a_segment_too_and_durably()
    {
        var rig = new StorageRig(37, SmallSegments with { Flush = FlushPolicy.Os });
        rig.Start();
        Fill(rig, 60);
        int segments = rig.Log.SegmentCount;
        LogOffset start = LogOffset.None;
        rig.Run(async () => start = await rig.Log.TrimPrefixAsync(new LogOffset(23)));
        Assert.Equal(23, start.Value);
        Assert.True(rig.Log.SegmentCount < segments);
        Assert.Equal(23, rig.ReadAll(23)[0].Offset);
        Assert.Equal(ReadStatus.OutOfRange, rig.Log.Read(new LogOffset(22), 100, rig.Log.LogEnd).Status);
        rig.Run(async () => start = await rig.Log.TrimPrefixAsync(new LogOffset(5)));
        Assert.Equal(23, start.Value);
        rig.Run(async () =>
        {
            StorageException above = await Assert.ThrowsAsync<StorageException>(
                () => rig.Log.TrimPrefixAsync(rig.Log.ReadableEnd.Next()));
            Assert.Equal(StorageErrorKind.InvalidArgument, above.Kind);
        });
        rig.PowerCut(new Prng(1), PowerCutOutcome.AllLost);
        rig.Start();
        Assert.Equal(23, rig.Log.LogStart.Value);
        Assert.True(rig.Log.LogEnd.Value >= 23);
        Assert.Empty(rig.Log.Defects);
    }

    [Fact]
    public void A_full_disk_is_emptied_by_retention()
    {
        var rig = new StorageRig(38, SmallSegments with { Flush = FlushPolicy.Os });
        rig.Start();
        Fill(rig, 200);
        rig.Disk.CapacityBytes -= rig.Disk.FreeBytes(StorageRig.Root);
        while (rig.Append(1, new string('x', 900)).Status == AppendStatus.Ok)
        {
        }

        rig.Run(() => rig.Log.TrimPrefixAsync(new LogOffset(150)));
        Assert.Equal(150, rig.Log.LogStart.Value);
        Assert.Equal(AppendStatus.Ok, rig.Append(1, "room").Status);
    }

    [Fact]
    public void A_start_file_that_does_not_check_is_told_and_the_log_begins_with_its_first_segment()
    {
        var rig = new StorageRig(39, SmallSegments);
        rig.Start();
        Fill(rig, 60);
        rig.Run(() => rig.Log.TrimPrefixAsync(new LogOffset(23)));
        rig.Stop();
        rig.Disk.FlipBits($"{StorageRig.PartitionPath}/{LogStartFile.FileName}", 16, 1);
        rig.Start();
        Assert.Equal(LogDefectKind.StartFileDamaged, Assert.Single(rig.Log.Defects).Kind);
        Assert.InRange(rig.Log.LogStart.Value, 1, 23);
        Assert.Equal(60, rig.ReadAll(rig.Log.LogStart.Value)[^1].Offset + 1);
    }

    /// <summary>
    /// A trimming is cut off at every operation of the disk, with all outcomes of what was not flushed, and once more during
    /// the recovery: the log start is the old or the new one and never an older one than was told, what lies above it is
    /// whole, and no deleted file is served or taken for damage.
    /// </summary>
    [Theory]
    [InlineData(PowerCutOutcome.AllLost)]
    [InlineData(PowerCutOutcome.AllKept)]
    [InlineData(PowerCutOutcome.Random)]
    public void The_log_start_decides_after_a_power_cut_at_every_operation(PowerCutOutcome outcome)
    {
        long operations = new TrimRun(outcome, long.MaxValue).Run();
        Assert.True(operations > 40, $"only {operations} operations");
        for (long cut = 1; cut <= operations; cut++)
        {
            var run = new TrimRun(outcome, cut);
            run.Run();
            run.RestartAndCheck();
        }
    }

    private static void Fill(StorageRig rig, int count)
    {
        for (int i = 0; i < count; i++)
            Assert.Equal(AppendStatus.Ok, rig.Append(1_000 + i, $"{rig.Log.LogEnd}-{new string('v', 900)}").Status);
    }

    private sealed class TrimRun
    {
        private readonly StorageRig _rig = new(40, SmallSegments);
        private readonly PowerCutOutcome _outcome;
        private readonly Prng _random;
        private readonly long _cut;
        private long _first;
        private long _cutAt = long.MaxValue;
        private bool _isCut;
        private long _told;
        private long _end;

        public TrimRun(PowerCutOutcome outcome, long cut)
        {
            _outcome = outcome;
            _cut = cut;
            _random = new Prng((ulong)cut);
            _rig.Disk.BeforeOperation = OnOperation;
        }

        private string Context => $"{_outcome}, cut at operation {_cut}";

        /// <summary>Fills a log and trims it three times; the number of operations of the trimming.</summary>
        public long Run()
        {
            _rig.Start();
            Fill(_rig, 40);
            _end = _rig.Log.LogEnd.Value;
            _first = _rig.Disk.OperationCount;
            _cutAt = _cut == long.MaxValue ? long.MaxValue : _first + _cut;
            foreach (long before in new long[] { 13, 30, 40 })
            {
                Task trimmed = _rig.Process.Start(async () => _told = (await _rig.Log.TrimPrefixAsync(new LogOffset(before))).Value);
                _rig.Scheduler.RunUntil(() => trimmed.IsCompleted || _isCut, Context);
                if (_isCut)
                    break;
            }

            return _rig.Disk.OperationCount - _first;
        }

        public void RestartAndCheck()
        {
            if (!_isCut)
                _rig.Kill();
            _isCut = false;
            _cutAt = _rig.Disk.OperationCount + _random.Next(1, 40);
            SimulatedProcess process = _rig.NextProcess();
            Task task = process.Start(async () =>
            {
                LogDirectory directory = LogDirectory.Open(
                    _rig.Disk.Attach(), StorageRig.Root, StorageRig.DirectoryOptions(), process.Ports);
                await directory.OpenPartitionAsync(StorageRig.Id, StorageRig.TopicName, _rig.Options, CancellationToken.None);
            });
            _rig.Scheduler.RunUntil(() => task.IsCompleted || _isCut, Context);
            if (!_isCut)
                _rig.Kill();
            _cutAt = long.MaxValue;
            _isCut = false;
            _rig.Start();
            PartitionLog log = _rig.Log;
            Assert.True(log.Defects.Count == 0, $"{Context}: {string.Join("; ", log.Defects)}");
            Assert.True(log.LogStart.Value >= _told, $"{Context}: the start went from {_told} back to {log.LogStart}");
            Assert.True(log.LogStart.Value is 0 or 13 or 30 or 40, $"{Context}: start {log.LogStart}");
            Assert.True(log.LogEnd.Value == _end, $"{Context}: end {log.LogEnd}");
            List<TestRecord> records = _rig.ReadAll(log.LogStart.Value);
            Assert.Equal(_end - log.LogStart.Value, records.Count);
            Assert.All(records, record => Assert.StartsWith($"{record.Offset}-", record.Value, StringComparison.Ordinal));
            foreach (string name in _rig.Disk.ListFiles(StorageRig.PartitionPath).Where(name => name.EndsWith(".log", StringComparison.Ordinal)).SkipLast(1))
                Assert.True(log.SegmentCount > 1, $"{Context}: {name} is left");
            Assert.Equal(_end, _rig.Append(1, $"{_end}-").BaseOffset.Value);
            Assert.Empty(_rig.Disk.Violations);
        }

        private void OnOperation(DiskOperationInfo operation)
        {
            if (_isCut || operation.Number == 0 || operation.Number < _cutAt)
                return;
            _isCut = true;
            _rig.Process.Kill();
            _rig.Disk.PowerCut(_random, _outcome);
        }
    }
}

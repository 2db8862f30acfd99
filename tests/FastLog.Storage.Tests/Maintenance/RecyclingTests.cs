using System.Buffers.Binary;
using System.Text;
using FastLog.Primitives;
using FastLog.Records;
using FastLog.Simulator;
using FastLog.Storage.Flushing;
using FastLog.Storage.Recovery;
using FastLog.Storage.Segments;
using FastLog.Storage.Tests.Logs;

namespace FastLog.Storage.Tests.Maintenance;

/// <summary>
/// Files of deleted segments that become the next segments: what an earlier life left in them is never served, never taken
/// for a successor, never reported, and never comes to another partition.
/// </summary>
public class RecyclingTests
{
    private static readonly PartitionLogOptions SmallSegments = new()
    {
        SegmentSizeMax = StorageLimits.SegmentSizeMin,
        RetentionSizeMax = 20_000,
    };

    [Fact]
    public void A_freed_file_becomes_the_next_segment_and_serves_what_is_new_alone()
    {
        var rig = new StorageRig(51, SmallSegments);
        rig.Start();
        for (int i = 0; i < 120; i++)
            Append(rig, i);
        Assert.True(ActiveHeader(rig).StaleEnd.Value > 0, "the active segment's file was not used before");
        long start = rig.Log.LogStart.Value;
        Assert.InRange(start, 60, 119);
        Assert.All(rig.ReadAll(start), record => Assert.StartsWith($"S{record.Offset}-", record.Value, StringComparison.Ordinal));
        Assert.InRange(LogFiles(rig), rig.Log.SegmentCount, rig.Log.SegmentCount + 1);
        rig.Kill();
        rig.Start();
        Assert.Equal(120, rig.Log.LogEnd.Value);
        Assert.Equal(start, rig.ReadAll(start)[0].Offset);
        Assert.Empty(rig.Log.Defects);
        Assert.DoesNotContain(rig.Events, told => told.Id == StorageEventId.TailCut);
    }

    [Fact]
    public void A_log_that_fills_segments_quickly_has_its_next_file_ready_and_a_quiet_one_has_none()
    {
        var rig = new StorageRig(52, SmallSegments with { RetentionSizeMax = null });
        rig.Start();
        Append(rig, 0);
        rig.Scheduler.RunFor(TimeSpan.FromMinutes(3));
        Assert.False(HasSpare(rig));
        for (int i = 1; i < 20; i++)
            Append(rig, i);
        rig.Scheduler.RunFor(TimeSpan.FromSeconds(1));
        Assert.True(HasSpare(rig));
        int segments = rig.Log.SegmentCount;
        for (int i = 20; rig.Log.SegmentCount == segments; i++)
            Append(rig, i);
        Assert.Equal(0, ActiveHeader(rig).StaleEnd.Value);
        rig.Scheduler.RunFor(TimeSpan.FromMinutes(15));
        Assert.False(HasSpare(rig));
        rig.Stop();
        rig.Start();
        Assert.Empty(rig.Log.Defects);
    }

    [Fact]
    public void A_file_that_a_reader_has_open_is_not_used_again()
    {
        var rig = new StorageRig(53, SmallSegments);
        rig.Start();
        for (int i = 0; i < 7; i++)
            Append(rig, i);
        ReadResult held = rig.Log.Read(LogOffset.Zero, 5_000, rig.Log.ReadableEnd);
        var before = new List<TestRecord>();
        StorageRig.Decode(held, before);
        for (int i = 7; i < 120; i++)
            Append(rig, i);
        Assert.True(rig.Log.LogStart.Value > 20);
        var after = new List<TestRecord>();
        StorageRig.Decode(held, after);
        held.Region.Release();
        Assert.Equal(before, after);
    }

    [Fact]
    public void A_file_stays_in_its_partition()
    {
        var rig = new StorageRig(54, SmallSegments);
        rig.Start();
        var otherId = new TopicPartition(StorageRig.Id.Topic, new PartitionId(4));
        PartitionLog other = null!;
        rig.Run(async () => other = await rig.Directory.OpenPartitionAsync(
            otherId, StorageRig.TopicName, rig.Options, CancellationToken.None));
        for (int i = 0; i < 120; i++)
        {
            Append(rig, i);
            rig.Run(async () => await other.AppendAsync(
                StorageRig.Batch(1, $"O{i}-" + new string('o', 900)), AppendMode.Confirmed));
        }

        Assert.True(other.LogStart.Value > 20);
        string otherPath = StorageRig.PartitionPath[..^1] + "4";
        Assert.All(Contents(rig, StorageRig.PartitionPath), content => Assert.DoesNotContain("-ooo", content, StringComparison.Ordinal));
        Assert.All(Contents(rig, otherPath), content => Assert.DoesNotContain("-sss", content, StringComparison.Ordinal));
        Assert.All(
            rig.Disk.ListFiles(otherPath).Where(name => name.EndsWith(SegmentName.DataSuffix, StringComparison.Ordinal)),
            name => Assert.Equal(otherId, Header(rig, $"{otherPath}/{name}").Id));
    }

    [Fact]
    public void A_log_is_verified_beside_what_earlier_lives_left_behind_its_end()
    {
        var rig = new StorageRig(55, SmallSegments);
        rig.Start();
        for (int i = 0; i < 120; i++)
            Append(rig, i);
        var inspection = new Storage.Inspection.LogInspection(rig.Disk);
        Storage.Inspection.PartitionReport report = inspection.Verify(
            Assert.Single(inspection.Find(StorageRig.PartitionPath)), CancellationToken.None);
        Assert.Empty(report.Defects);
        Assert.Equal(0, report.TailBytes);
        Assert.Equal(119, report.LastOffset.Value);
    }

    /// <summary>
    /// A log that recycles is cut off at every operation of the disk, with all outcomes of what was not flushed, once more
    /// during the recovery, and goes on. What was acknowledged and not deleted is there, at its offset, alone.
    /// </summary>
    [Theory]
    [InlineData(PowerCutOutcome.AllLost, true)]
    [InlineData(PowerCutOutcome.AllKept, true)]
    [InlineData(PowerCutOutcome.Random, true)]
    [InlineData(PowerCutOutcome.Random, false)]
    public void A_power_cut_at_every_operation_of_a_log_that_recycles_brings_nothing_old_back(
        PowerCutOutcome outcome, bool flushes)
    {
        var whole = new CutRun(outcome, flushes, long.MaxValue);
        long operations = whole.Run();
        Assert.True(operations > 40, $"only {operations} operations");
        Assert.True(whole.HasRecycled);
        for (long cut = 1; cut <= operations; cut++)
        {
            var run = new CutRun(outcome, flushes, cut);
            run.Run();
            run.RestartAndCheck();
        }
    }

    private static void Append(StorageRig rig, int i) =>
        Assert.Equal(AppendStatus.Ok, rig.Append(1_000 + i, $"S{i}-" + new string('s', 900)).Status);

    private static bool HasSpare(StorageRig rig) =>
        rig.Disk.FileExists($"{StorageRig.PartitionPath}/{SpareSegment.FileName}");

    private static int LogFiles(StorageRig rig) => rig.Disk.ListFiles(StorageRig.PartitionPath)
        .Count(name => name == SpareSegment.FileName || name.EndsWith(SegmentName.DataSuffix, StringComparison.Ordinal));

    private static SegmentHeader ActiveHeader(StorageRig rig) => Header(
        rig,
        StorageRig.PartitionPath + "/" + rig.Disk.ListFiles(StorageRig.PartitionPath)
            .Last(name => name.EndsWith(SegmentName.DataSuffix, StringComparison.Ordinal)));

    private static SegmentHeader Header(StorageRig rig, string path)
    {
        Assert.Equal(SegmentHeaderStatus.Ok, SegmentHeader.TryRead(rig.Disk.Peek(path), out SegmentHeader header));
        return header;
    }

    private static IEnumerable<string> Contents(StorageRig rig, string directory) =>
        rig.Disk.ListFiles(directory).Select(name => Encoding.Latin1.GetString(rig.Disk.Peek($"{directory}/{name}")));

    private sealed class CutRun
    {
        private readonly StorageRig _rig;
        private readonly PowerCutOutcome _outcome;
        private readonly bool _flushes;
        private readonly Prng _random;
        private readonly long _cut;
        private long _cutAt = long.MaxValue;
        private bool _isCut;
        private long _acknowledged;
        private long _sent;

        public CutRun(PowerCutOutcome outcome, bool flushes, long cut)
        {
            _rig = new StorageRig(56, SmallSegments with { Flush = flushes ? FlushPolicy.Ack : FlushPolicy.Os });
            _outcome = outcome;
            _flushes = flushes;
            _cut = cut;
            _random = new Prng((ulong)cut);
            _rig.Disk.BeforeOperation = OnOperation;
        }

        public bool HasRecycled { get; private set; }

        private string Context => $"{_outcome}, flushes {_flushes}, cut at operation {_cut}";

        /// <summary>A log in a steady state, then a few rolls more; the number of their operations.</summary>
        public long Run()
        {
            _rig.Start();
            for (int i = 0; i < 24; i++)
                Append(_rig, i);
            _sent = 24;
            _acknowledged = _flushes ? 24 : 0;
            long first = _rig.Disk.OperationCount;
            _cutAt = _cut == long.MaxValue ? long.MaxValue : first + _cut;
            Go(9);
            HasRecycled = !_isCut && _rig.Disk.ListFiles(StorageRig.PartitionPath)
                .Where(name => name.EndsWith(SegmentName.DataSuffix, StringComparison.Ordinal))
                .Any(name => Header(_rig, $"{StorageRig.PartitionPath}/{name}").StaleEnd.Value > 0);
            return _rig.Disk.OperationCount - first;
        }

        public void RestartAndCheck()
        {
            if (!_isCut)
                _rig.Kill();
            CutRecovery();
            _rig.Start();
            Check();
            Go(8);
            Assert.False(_isCut);

            // What the second life wrote over what the first one left is cut off as well.
            _rig.PowerCut(_random, _outcome);
            _rig.Start();
            Check();
            Assert.Empty(_rig.Disk.Violations);
        }

        private void CutRecovery()
        {
            _isCut = false;
            _cutAt = _rig.Disk.OperationCount + _random.Next(1, 50);
            SimulatedProcess process = _rig.NextProcess();
            Task task = process.Start(async () =>
            {
                LogDirectory directory = LogDirectory.Open(
                    _rig.Disk.Attach(), StorageRig.Root, StorageRig.DirectoryOptions(_rig.Events.Add), process.Ports);
                await directory.OpenPartitionAsync(StorageRig.Id, StorageRig.TopicName, _rig.Options, CancellationToken.None);
            });
            _rig.Scheduler.RunUntil(() => task.IsCompleted || _isCut, Context);
            if (!_isCut)
                _rig.Kill();
            _cutAt = long.MaxValue;
            _isCut = false;
        }

        private void Go(int appends)
        {
            for (int i = 0; i < appends && !_isCut; i++)
            {
                // Of many sizes, so that batches of one life do not lie where those of another did.
                long offset = _sent;
                byte[] batch = StorageRig.Batch(2_000, $"S{offset}-" + new string('s', (int)_random.Next(300, 1_800)));
                _sent++;
                Task task = _rig.Process.Start(async () =>
                {
                    AppendResult result = await _rig.Log.AppendAsync(batch, AppendMode.Confirmed);
                    if (_isCut || result.Status != AppendStatus.Ok)
                        return;
                    Assert.Equal(offset, result.BaseOffset.Value);
                    if (_flushes)
                        _acknowledged = offset + 1;
                });
                _rig.Scheduler.RunUntil(() => task.IsCompleted || _isCut, Context);

                // Without a flush to wait for, appends would leave the background behind.
                if (!_flushes && !_isCut)
                    _rig.Scheduler.RunFor(TimeSpan.FromMilliseconds(30));
            }
        }

        private void Check()
        {
            PartitionLog log = _rig.Log;
            Assert.True(log.Defects.Count == 0, $"{Context}: {string.Join("; ", log.Defects)}");
            Assert.True(log.LogEnd.Value >= _acknowledged, $"{Context}: the end is {log.LogEnd}, acknowledged {_acknowledged}");
            Assert.True(log.LogEnd.Value <= _sent, $"{Context}: the end is {log.LogEnd}, sent {_sent}");
            List<TestRecord> records = _rig.ReadAll(log.LogStart.Value);
            Assert.True(records.Count == log.LogEnd.Since(log.LogStart), $"{Context}: {records.Count} records");
            foreach (TestRecord record in records)
                Assert.True(record.Value.StartsWith($"S{record.Offset}-", StringComparison.Ordinal), $"{Context}: {record.Offset} is '{record.Value[..8]}'");
            CheckCuts();
            _sent = log.LogEnd.Value;
        }

        /// <summary>What is cut and saved ends with a batch of the segment's own life.</summary>
        private void CheckCuts()
        {
            foreach (string name in _rig.Disk.ListFiles(StorageRig.PartitionPath))
            {
                if (!name.EndsWith(CutBytes.Suffix, StringComparison.Ordinal))
                    continue;
                byte[] cut = _rig.Disk.Peek($"{StorageRig.PartitionPath}/{name}");

                // The power was cut while it was saved: the recovery that followed saved it anew.
                if (cut.Length < CutBytes.HeaderSize)
                    continue;
                long segmentBase = BinaryPrimitives.ReadInt64BigEndian(cut.AsSpan(CutBytes.SegmentBaseAt));
                long position = BinaryPrimitives.ReadInt64BigEndian(cut.AsSpan(CutBytes.PositionAt));
                ReadOnlySpan<byte> content = cut.AsSpan(CutBytes.HeaderSize);

                // In a file that was never used before, all that is not zero is of its own life.
                if (position != 0 && !_rig.Disk.FileExists(StorageRig.DataFile(segmentBase)))
                    continue;
                byte[] first = position == 0 ? content.ToArray() : _rig.Disk.Peek(StorageRig.DataFile(segmentBase));
                if (SegmentHeader.TryRead(first, out SegmentHeader header) == SegmentHeaderStatus.Ok && header.StaleEnd == FilePosition.Zero)
                    continue;
                int end = position == 0 ? SegmentLayout.HeaderSize : 0;
                for (int i = end; i < content.Length; i++)
                {
                    if (BatchHeader.TryRead(content[i..], out BatchHeader batch) == BatchStatus.Ok
                        && batch.BaseOffset.Value >= segmentBase)
                        end = Math.Max(end, i + batch.BatchSize);
                }

                Assert.True(content.Length <= end, $"{Context}: {name} has {content.Length} bytes, {end} of its own life");
            }
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

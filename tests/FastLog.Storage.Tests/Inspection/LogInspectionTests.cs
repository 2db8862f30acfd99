using FastLog.Primitives;
using FastLog.Records;
using FastLog.Simulator;
using FastLog.Storage.Compaction;
using FastLog.Storage.Disk;
using FastLog.Storage.Flushing;
using FastLog.Storage.Inspection;
using FastLog.Storage.Recovery;
using FastLog.Storage.Segments;
using FastLog.Storage.Tests.Logs;

namespace FastLog.Storage.Tests.Inspection;

public class LogInspectionTests
{
    [Fact]
    public void A_whole_log_is_counted_by_any_of_the_four_paths_beside_a_running_owner()
    {
        StorageRig rig = Filled(51);
        var inspection = new LogInspection(rig.Disk);
        string topic = StorageRig.PartitionPath[..StorageRig.PartitionPath.LastIndexOf('/')];
        foreach (string path in new[] { StorageRig.Root, topic, StorageRig.PartitionPath })
        {
            InspectedPartition found = Assert.Single(inspection.Find(path));
            Assert.Equal(StorageRig.TopicName, found.Topic);
            Assert.Equal(StorageRig.Id, found.Id);
            PartitionReport report = inspection.Verify(found, CancellationToken.None);
            Assert.False(report.IsCorrupt);
            Assert.Empty(report.CacheDefects);
            Assert.Equal(100, report.Records);
            Assert.Equal(100, report.Batches);
            Assert.Equal(0, report.FirstOffset.Value);
            Assert.Equal(99, report.LastOffset.Value);
            Assert.Equal(rig.Log.SegmentCount, report.Segments.Count);
            Assert.Equal(0, report.TailBytes);
        }

        InspectedPartition segment = Assert.Single(inspection.Find(StorageRig.DataFile(0)));
        PartitionReport one = inspection.Verify(segment, CancellationToken.None);
        Assert.Equal(StorageRig.Id, one.Id);
        Assert.True(Assert.Single(one.Segments).IsSealed);
        Assert.Empty(inspection.Find("/data/recovery"));
        Assert.Empty(inspection.Find("/nowhere"));
    }

    [Fact]
    public void A_flipped_bit_anywhere_in_a_durable_log_is_found_with_its_place()
    {
        StorageRig source = Filled(52);
        source.Stop();
        foreach (string path in new[] { StorageRig.DataFile(0), LastFile(source) })
        {
            long end = source.Disk.Peek(path).AsSpan().LastIndexOfAnyExcept((byte)0);
            for (long at = 0; at <= end; at += 13)
            {
                SimulatedDisk disk = source.Disk.Clone((ulong)at);
                disk.FlipBits(path, at, 0x10);
                var inspection = new LogInspection(disk);
                PartitionReport report = inspection.Verify(
                    Assert.Single(inspection.Find(StorageRig.Root)), CancellationToken.None);
                Assert.True(report.IsCorrupt, $"a flip at {at} of {path} was not found");
                LogDefect defect = report.Defects[0];
                Assert.Equal(path, defect.File);
                if (at >= SegmentLayout.HeaderSize)
                    Assert.True(report.Records >= 98 || defect.Kind == LogDefectKind.ChainMismatch, defect.ToString());
            }
        }
    }

    [Fact]
    public void A_flip_that_only_the_chain_crc_covers_is_found()
    {
        StorageRig rig = Filled(55);
        rig.Stop();
        var inspection = new LogInspection(rig.Disk);
        long last = 0;
        inspection.Walk(StorageRig.DataFile(0), (position, _, _) =>
        {
            last = position.Value;
            return true;
        });

        // The leader epoch of a segment's last batch: no CRC of a batch covers it, no next batch contradicts it.
        rig.Disk.FlipBits(StorageRig.DataFile(0), last + BatchHeaderLayout.LeaderEpochAt + 3, 1);
        PartitionReport report = inspection.Verify(
            Assert.Single(inspection.Find(StorageRig.Root)), CancellationToken.None);
        Assert.Equal(LogDefectKind.ChainMismatch, Assert.Single(report.Defects).Kind);
    }

    [Fact]
    public void A_flipped_bit_or_a_lost_end_of_any_other_file_is_named_with_that_file()
    {
        StorageRig source = Filled(56);
        source.Run(async () => await source.Log.TrimPrefixAsync(new LogOffset(30)));
        source.Stop();
        new CleanPoint(new LogOffset(40), LogOffset.None).Write(source.Disk, StorageRig.PartitionPath);
        AtomicFile.Write(source.Disk, StorageRig.Root, "others", 0x41424344, 1, [1, 2, 3]);
        (string Path, long Length)[] files = [.. source.Disk.Files().Where(file => file.Length > 0
            && !file.Path.EndsWith(".log", StringComparison.Ordinal)
            && !file.Path.EndsWith("/spare", StringComparison.Ordinal)
            && !file.Path.Contains($"/{Path.GetFileNameWithoutExtension(LastFile(source))}.", StringComparison.Ordinal))];
        string[] kinds = [.. files.Select(file => Path.GetExtension(file.Path) is { Length: > 0 } end ? end : Path.GetFileName(file.Path)).Distinct().Order()];
        Assert.Equal([".index", ".producers", ".recovery", ".timeindex", "clean", "clean-point", "clock", "epochs", "meta", "others", "start"], kinds);
        Assert.Empty(Verify(source.Disk));
        foreach ((string path, long _) in files)
        {
            int end = source.Disk.Peek(path).AsSpan().LastIndexOfAnyExcept((byte)0) + 1;
            for (int at = 0; at < end; at += Math.Max(1, end / 60))
            {
                SimulatedDisk disk = source.Disk.Clone((ulong)at);
                disk.FlipBits(path, at, 0x10);
                Named(disk, path, $"a flip at {at} of {path}");
            }

            SimulatedDisk cut = source.Disk.Clone(57);
            using (IDiskFile file = cut.Open(path, DiskOpenMode.ReadWrite))
                file.SetLength(end / 2);
            Named(cut, path, $"half of {path}");
        }
    }

    private static void Named(SimulatedDisk disk, string path, string what)
    {
        // The time index is told under the name of the offset index, with which it goes.
        string name = path.Replace(".timeindex", ".index", StringComparison.Ordinal);
        List<LogDefect> found = Verify(disk);
        Assert.True(found.Exists(defect => defect.File == name), $"{what} was not named; found: {string.Join("; ", found)}");
    }

    private static List<LogDefect> Verify(SimulatedDisk disk)
    {
        var inspection = new LogInspection(disk);
        PartitionReport report = inspection.Verify(Assert.Single(inspection.Find(StorageRig.Root)), CancellationToken.None);
        return [.. inspection.VerifyDirectory(StorageRig.Root, "others"), .. report.Defects, .. report.CacheDefects];
    }

    [Fact]
    public void The_torn_end_of_a_crashed_log_is_no_damage()
    {
        var rig = new StorageRig(53, new PartitionLogOptions { Flush = FlushPolicy.Os });
        rig.Start();
        rig.Append(1000, "kept");
        long end = rig.Log.SizeBytes;
        rig.Append(1000, "torn");
        rig.Kill();
        rig.Disk.FlipBits(StorageRig.DataFile(0), end + 70, 1);
        var inspection = new LogInspection(rig.Disk);
        PartitionReport report = inspection.Verify(
            Assert.Single(inspection.Find(StorageRig.Root)), CancellationToken.None);
        Assert.False(report.IsCorrupt);
        Assert.Equal(1, report.Records);
        Assert.True(report.TailBytes > 0);
    }

    [Fact]
    public void Files_below_the_log_start_are_no_damage_whichever_of_them_a_deletion_left()
    {
        StorageRig rig = Filled(58);
        long[] bases = [.. Enumerable.Range(0, rig.Log.Segments.Count).Select(i => rig.Log.Segments[i].BaseOffset.Value)];
        Assert.True(bases.Length > 4);
        rig.Kill();
        LogStartFile.Write(rig.Disk, StorageRig.PartitionPath, new LogOffset(bases[3] + 1));
        rig.Disk.DeleteFile(StorageRig.DataFile(bases[1]));
        rig.Disk.FlipBits(StorageRig.DataFile(bases[0]), SegmentLayout.BaseOffsetAt, 0xFF);
        Assert.Empty(Verify(rig.Disk));

        rig.Disk.DeleteFile(StorageRig.DataFile(bases[0]));
        rig.Disk.DeleteFile(StorageRig.DataFile(bases[2]));
        rig.Disk.DeleteFile(StorageRig.DataFile(bases[3]));
        LogDefect missing = Assert.Single(Verify(rig.Disk));
        Assert.Equal(LogDefectKind.SegmentMissing, missing.Kind);
        Assert.Equal((bases[3] + 1, bases[4] - 1), (missing.FirstOffset.Value, missing.LastOffset.Value));
    }

    [Fact]
    public void A_last_segment_without_a_header_is_damage_only_where_something_was_durable_in_it()
    {
        StorageRig rig = Filled(59);
        string last = LastFile(rig);
        rig.Stop();
        SimulatedDisk begun = rig.Disk.Clone(1);
        string next = StorageRig.DataFile(100);
        using (IDiskFile file = begun.Open(next, DiskOpenMode.CreateNew))
            file.Write(FilePosition.Zero, new byte[2 * SegmentLayout.HeaderSize]);
        Assert.Empty(Verify(begun));

        using (IDiskFile file = rig.Disk.Open(last, DiskOpenMode.ReadWrite))
            file.Write(FilePosition.Zero, new byte[SegmentLayout.HeaderSize]);
        Assert.Contains(Verify(rig.Disk), defect => defect.Kind == LogDefectKind.SegmentHeaderDamaged);
    }

    [Fact]
    public void Batches_of_a_segment_are_shown_one_by_one()
    {
        StorageRig rig = Filled(54);
        var inspection = new LogInspection(rig.Disk);
        InspectedPartition partition = Assert.Single(inspection.Find(StorageRig.Root));
        long records = 0;
        foreach (string path in inspection.Segments(partition))
        {
            string ended = inspection.Walk(path, (_, header, bytes) =>
            {
                Assert.Equal(header.BatchSize, bytes.Length);
                records += header.RecordCount;
                return true;
            });
            Assert.Equal("", ended);
        }

        Assert.Equal(100, records);
    }

    private static StorageRig Filled(ulong seed)
    {
        var rig = new StorageRig(seed, new PartitionLogOptions { SegmentSizeMax = StorageLimits.SegmentSizeMin });
        rig.Start();
        for (int i = 0; i < 100; i++)
            rig.Append(1000, new string('v', 150) + i);
        rig.Scheduler.RunFor(TimeSpan.FromMilliseconds(20));
        return rig;
    }

    private static string LastFile(StorageRig rig) =>
        StorageRig.PartitionPath + "/" + rig.Disk.ListFiles(StorageRig.PartitionPath).Last(name => name.EndsWith(".log", StringComparison.Ordinal));
}

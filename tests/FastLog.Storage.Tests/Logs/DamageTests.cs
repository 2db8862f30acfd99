using FastLog.Primitives;
using FastLog.Simulator;
using FastLog.Storage.Disk;
using FastLog.Storage.Flushing;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Tests.Logs;

/// <summary>Bytes that are not what was written: torn tails are cut and saved, all else is reported and set aside.</summary>
public class DamageTests
{
    private static readonly PartitionLogOptions SmallSegments = new() { SegmentSizeMax = StorageLimits.SegmentSizeMin };

    private static readonly PartitionLogOptions OnlyWritten = new() { Flush = FlushPolicy.Os };

    [Fact]
    public void A_tail_torn_at_any_byte_is_cut_to_the_last_whole_batch_and_saved()
    {
        // Nothing is flushed, so nothing lies below a recovery point; the tail is torn by hand.
        var source = new StorageRig(11, OnlyWritten);
        source.Start();
        source.Append(1000, "first", "second");
        long keptEnd = source.Log.SizeBytes;
        source.Append(1000, "third");
        long middle = source.Log.SizeBytes;
        source.Append(1000, "fourth");
        long end = source.Log.SizeBytes;
        source.Kill();
        byte[] whole = source.Disk.Peek(StorageRig.DataFile(0));
        for (long at = keptEnd; at < end; at++)
        {
            SimulatedDisk disk = source.Disk.Clone((ulong)at);
            Overwrite(disk, StorageRig.DataFile(0), at, new byte[whole.Length - at]);
            var rig = new StorageRig((ulong)at, OnlyWritten, disk);
            rig.Start();
            // A batch ends with a zero byte: tearing only that off changes nothing.
            int next = (int)(at < middle ? middle : end);
            long expected = (at < middle ? 2 : 3) + (whole[(int)at..next].Any(b => b != 0) ? 0 : 1);
            bool isTorn = expected == (at < middle ? 2 : 3);
            Assert.Equal(expected, rig.Log.LogEnd.Value);
            Assert.Equal(expected, rig.ReadAll().Count);
            bool hasResidue = isTorn && (at < middle ? whole[(int)keptEnd..(int)at] : whole[(int)middle..(int)at]).Any(b => b != 0);
            Assert.Equal(hasResidue, disk.Files().Any(file => file.Path.EndsWith(".cut", StringComparison.Ordinal)));
            Assert.Equal(hasResidue, rig.Events.Any(e => e.Id == StorageEventId.TailCut));
            Assert.Empty(rig.Log.Defects);
            Assert.Equal(expected, rig.Append(1000, "again").BaseOffset.Value);
            Assert.Equal(expected + 1, rig.ReadAll().Count);
        }
    }

    [Fact]
    public void A_valid_batch_behind_a_hole_is_cut_and_never_comes_back()
    {
        var rig = new StorageRig(12, OnlyWritten);
        rig.Start();
        rig.Append(1000, "kept");
        long hole = rig.Log.SizeBytes;
        rig.Append(1000, "lost1");
        long holeEnd = rig.Log.SizeBytes;
        rig.Append(1000, "later");
        rig.Kill();
        Overwrite(rig.Disk, StorageRig.DataFile(0), hole, new byte[holeEnd - hole]);
        rig.Start();
        Assert.Equal(1, rig.Log.LogEnd.Value);
        Assert.False(rig.Disk.PeekDurable(StorageRig.DataFile(0)).AsSpan((int)hole).ContainsAnyExcept((byte)0));

        // Not by the epoch alone, which has risen: the bytes are gone.
        Assert.Equal(hole, rig.Disk.Peek(StorageRig.DataFile(0)).Length);

        // The same size as what was lost: an old batch left behind it would continue the log.
        rig.Append(1000, "newer");
        rig.Kill();
        rig.Start();
        Assert.Equal(["kept", "newer"], rig.ReadAll().Select(record => record.Value));
    }

    [Fact]
    public void A_bit_flip_below_the_recovery_point_is_reported_and_never_shortens_the_log()
    {
        var source = new StorageRig(13, SmallSegments);
        source.Start();
        for (int i = 0; i < 60; i++)
            source.Append(1000, new string('v', 180) + i);
        long end = source.Log.LogEnd.Value;
        source.Scheduler.RunFor(TimeSpan.FromMilliseconds(20));
        source.Kill();
        byte[] bytes = source.Disk.Peek(StorageRig.DataFile(0));
        for (int at = (int)SegmentLayout.DataStart.Value; at < 5_000; at += 7)
        {
            SimulatedDisk disk = source.Disk.Clone((ulong)at);
            disk.FlipBits(StorageRig.DataFile(0), at, 0x40);
            var rig = new StorageRig((ulong)at, SmallSegments, disk);
            rig.Start();
            Assert.Equal(end, rig.Log.LogEnd.Value);
            Assert.DoesNotContain(rig.Events, e => e.Id == StorageEventId.TailCut);
            Assert.True(ReadsAllButDamage(rig.Log, end) >= end - 3);
            Assert.Equal(bytes.Length, disk.Peek(StorageRig.DataFile(0)).Length);
            Assert.Equal(end, rig.Append(1000, "on").BaseOffset.Value);
        }
    }

    [Fact]
    public void A_bit_flip_in_the_active_segment_below_the_recovery_point_cuts_nothing()
    {
        StorageRig source = Filled(22, new PartitionLogOptions(), 12);
        long end = source.Log.SizeBytes;
        source.Kill();
        for (long at = SegmentLayout.HeaderSize; at < end; at += 11)
        {
            SimulatedDisk disk = source.Disk.Clone((ulong)at);
            disk.FlipBits(StorageRig.DataFile(0), at, 0x08);
            var rig = new StorageRig((ulong)at, new PartitionLogOptions(), disk);
            rig.Start();
            Assert.Equal(12, rig.Log.LogEnd.Value);
            Assert.DoesNotContain(rig.Events, e => e.Id == StorageEventId.TailCut);
            Assert.True(ReadsAllButDamage(rig.Log, 12) >= 11);
            Assert.Equal(12, rig.Append(1000, "on").BaseOffset.Value);
        }
    }

    [Fact]
    public void A_damaged_header_of_a_sealed_segment_sets_only_that_segment_aside()
    {
        StorageRig rig = Filled(14, SmallSegments, 100);
        long end = rig.Log.LogEnd.Value;
        rig.Stop();
        rig.Disk.FlipBits(StorageRig.DataFile(0), 20, 1);
        rig.Start();
        Assert.Equal(end, rig.Log.LogEnd.Value);
        LogDefect defect = Assert.Single(rig.Log.Defects);
        Assert.Equal(LogDefectKind.SegmentHeaderDamaged, defect.Kind);
        Assert.Equal(0, defect.FirstOffset.Value);
        ReadResult result = rig.Log.Read(LogOffset.Zero, 1000, rig.Log.ReadableEnd);
        Assert.Equal(ReadStatus.Corrupt, result.Status);
        Assert.Equal(defect, result.Defect);
        Assert.Equal(end - result.NextOffset.Value, rig.ReadAll(result.NextOffset.Value).Count);
    }

    [Fact]
    public void A_damaged_seal_is_reported_and_the_segment_is_still_read()
    {
        StorageRig rig = Filled(15, SmallSegments, 100);
        long end = rig.Log.LogEnd.Value;
        rig.Kill();
        rig.Disk.FlipBits(StorageRig.DataFile(0), SegmentLayout.SealAt + 9, 1);
        rig.Start();
        LogDefect defect = Assert.Single(rig.Log.Defects);
        Assert.Equal(LogDefectKind.SealDamaged, defect.Kind);
        Assert.Equal(end, rig.ReadAll().Count);
    }

    [Fact]
    public void A_segment_of_another_partition_is_not_served()
    {
        StorageRig rig = Filled(16, SmallSegments, 100);
        rig.Stop();
        var other = new TopicPartition(StorageRig.Id.Topic, new PartitionId(9));
        byte[] header = new byte[SegmentLayout.HeaderSize];
        new SegmentHeader(other, LogOffset.Zero, new Timestamp(5)).Write(header);
        Overwrite(rig.Disk, StorageRig.DataFile(0), 0, header);
        rig.Start();
        Assert.Equal(LogDefectKind.SegmentForeign, Assert.Single(rig.Log.Defects).Kind);
        Assert.Equal(ReadStatus.Corrupt, rig.Log.Read(LogOffset.Zero, 1000, rig.Log.ReadableEnd).Status);
    }

    [Fact]
    public void A_foreign_segment_where_the_log_goes_on_is_refused_and_left_alone()
    {
        StorageRig rig = Filled(17, new PartitionLogOptions(), 3);
        rig.Kill();
        var other = new TopicPartition(StorageRig.Id.Topic, new PartitionId(9));
        byte[] header = new byte[SegmentLayout.HeaderSize];
        new SegmentHeader(other, LogOffset.Zero, new Timestamp(5)).Write(header);
        Overwrite(rig.Disk, StorageRig.DataFile(0), 0, header);
        byte[] before = rig.Disk.Peek(StorageRig.DataFile(0));
        StorageException refused = Assert.Throws<StorageException>(rig.Start);
        Assert.Equal(StorageErrorKind.ForeignIdentity, refused.Kind);
        Assert.Equal(before, rig.Disk.Peek(StorageRig.DataFile(0)));
    }

    [Fact]
    public void A_missing_sealed_segment_is_reported_with_its_offsets()
    {
        StorageRig rig = Filled(18, SmallSegments, 100);
        long end = rig.Log.LogEnd.Value;
        string[] files = [.. rig.Disk.ListFiles(StorageRig.PartitionPath).Where(name => name.EndsWith(".log", StringComparison.Ordinal))];
        rig.Kill();
        rig.Disk.DeleteFile($"{StorageRig.PartitionPath}/{files[1]}");
        rig.Start();
        LogDefect defect = Assert.Single(rig.Log.Defects);
        Assert.Equal(LogDefectKind.SegmentMissing, defect.Kind);
        Assert.Equal(long.Parse(files[1][..20]), defect.FirstOffset.Value);
        Assert.Equal(long.Parse(files[2][..20]) - 1, defect.LastOffset.Value);
        Assert.Equal(end, rig.Log.LogEnd.Value);
        Assert.Equal(end - defect.LastOffset.Value - 1, rig.ReadAll(defect.LastOffset.Value + 1).Count);
        ReadResult before = rig.Log.Read(LogOffset.Zero, 1 << 20, rig.Log.ReadableEnd);
        Assert.Equal(defect.FirstOffset, before.NextOffset);
        before.Region.Release();
    }

    [Fact]
    public void An_active_segment_that_lost_its_end_is_reported_and_the_log_goes_on_behind_it()
    {
        StorageRig rig = Filled(19, new PartitionLogOptions(), 20);
        rig.Kill();
        using (IDiskFile file = rig.Disk.Open(StorageRig.DataFile(0), DiskOpenMode.ReadWrite))
            file.SetLength(SegmentLayout.HeaderSize + 1_000);
        rig.Start();
        Assert.Equal(20, rig.Log.LogEnd.Value);
        Assert.Equal(LogDefectKind.SegmentTooShort, Assert.Single(rig.Log.Defects).Kind);
        Assert.Equal(20, rig.Append(1000, "on").BaseOffset.Value);
        Assert.Equal(["on"], rig.ReadAll(20).Select(record => record.Value));
        rig.Kill();
        rig.Start();
        Assert.Equal(21, rig.Log.LogEnd.Value);
        Assert.Equal(["on"], rig.ReadAll(20).Select(record => record.Value));
    }

    [Fact]
    public void A_lost_epoch_file_is_reported_and_the_epoch_still_rises()
    {
        StorageRig rig = Filled(20, new PartitionLogOptions(), 5);
        LeaderEpoch epoch = rig.Log.LeaderEpoch;
        rig.Kill();
        rig.Disk.FlipBits($"{StorageRig.PartitionPath}/epochs", 18, 0xFF);
        rig.Start();
        Assert.Equal(LogDefectKind.EpochFileDamaged, Assert.Single(rig.Log.Defects).Kind);
        Assert.True(rig.Log.LeaderEpoch > epoch);
        Assert.Equal(5, rig.ReadAll().Count);
    }

    [Fact]
    public void Cut_files_are_bounded_and_numbered()
    {
        var rig = new StorageRig(21, OnlyWritten);
        for (int round = 0; round < 4; round++)
        {
            rig.Start();
            long end = rig.Log.SizeBytes;
            rig.Append(1000, "residue");
            rig.Kill();
            rig.Disk.FlipBits(StorageRig.DataFile(0), (end == 0 ? SegmentLayout.HeaderSize : end) + 70, 1);
        }

        rig.Start();
        string[] cuts = [.. rig.Disk.ListFiles(StorageRig.PartitionPath).Where(name => name.EndsWith(".cut", StringComparison.Ordinal))];
        Assert.Equal(["0000000001.cut", "0000000002.cut", "0000000003.cut", "0000000004.cut"], cuts);
    }

    private static StorageRig Filled(ulong seed, PartitionLogOptions options, int count)
    {
        var rig = new StorageRig(seed, options);
        rig.Start();
        for (int i = 0; i < count; i++)
            Assert.Equal(AppendStatus.Ok, rig.Append(1000, new string('v', 150) + i).Status);

        // The recovery log's entry of the last flush is durable by then.
        rig.Scheduler.RunFor(TimeSpan.FromMilliseconds(20));
        return rig;
    }

    private static long ReadsAllButDamage(PartitionLog log, long end)
    {
        long read = 0;
        var next = LogOffset.Zero;
        while (next.Value < end)
        {
            ReadResult result = log.Read(next, 500, log.ReadableEnd);
            Assert.True(result.NextOffset > next);
            if (result.Status == ReadStatus.Ok)
            {
                read += result.NextOffset.Since(next);
                result.Region.Release();
            }
            else
            {
                Assert.Equal(ReadStatus.Corrupt, result.Status);
            }

            next = result.NextOffset;
        }

        return read;
    }

    private static void Overwrite(SimulatedDisk disk, string path, long position, byte[] bytes)
    {
        using IDiskFile file = disk.Open(path, DiskOpenMode.ReadWrite);
        file.Write(new FilePosition(position), bytes);
        file.FlushData();
    }
}

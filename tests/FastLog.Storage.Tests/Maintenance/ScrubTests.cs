using System.Buffers.Binary;
using FastLog.Primitives;
using FastLog.Simulator;
using FastLog.Storage.Indexes;
using FastLog.Storage.Maintenance;
using FastLog.Storage.Segments;
using FastLog.Storage.Tests.Logs;

namespace FastLog.Storage.Tests.Maintenance;

/// <summary>The scrubber finds what no read looks at, closes it, and lets it be repaired with good bytes.</summary>
public class ScrubTests
{
    private const int Count = 120;

    private static readonly PartitionLogOptions SmallSegments = new() { SegmentSizeMax = 2 * StorageLimits.SegmentSizeMin };

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Every_flipped_bit_of_a_batch_is_found_with_its_batch_and_closed(bool isSealed)
    {
        StorageRig source = Filled(1, isSealed ? SmallSegments : new PartitionLogOptions());
        long segmentBase = Bases(source)[isSealed ? 1 : 0];
        List<(long Offset, long Position, long Size)> batches = Batches(source, segmentBase);
        source.Stop();
        var random = new Prng(7);
        for (int i = 0; i < 150; i++)
        {
            SimulatedDisk disk = source.Disk.Clone((ulong)i);
            (long offset, long position, long size) = batches[(int)random.Next(0, batches.Count)];
            long at = random.Next(0, size);
            disk.FlipBits(StorageRig.DataFile(segmentBase), position + at, (byte)(1 << (int)random.Next(0, 8)));
            StorageRig rig = Opened(source, disk);
            Scrub(rig);
            // The start compares the chain CRC behind the last index entry, and cannot tell which batch it is.
            LogDefect defect = Assert.Single(rig.Log.Defects, defect => defect.Kind != LogDefectKind.ChainMismatch);
            Assert.Equal((offset, offset), (defect.FirstOffset.Value, defect.LastOffset.Value));
            Assert.Equal((position, size), (defect.Position.Value, defect.Length));
            Assert.Equal(StorageRig.DataFile(segmentBase), defect.File);
            Assert.Equal(ReadStatus.Corrupt, rig.Log.Read(new LogOffset(offset), 1000, rig.Log.ReadableEnd).Status);
            Assert.Equal(Count - 1, ServedRecords(rig).Count);
            int told = rig.Events.Count;
            Scrub(rig);
            Assert.Equal(told, rig.Events.Count);
        }
    }

    [Fact]
    public void A_directory_that_is_opened_every_day_is_scrubbed_too()
    {
        StorageRig rig = Filled(9, new PartitionLogOptions());
        rig.Stop();
        rig.Disk.FlipBits(StorageRig.DataFile(0), Batches(rig, 0)[5].Position + 80, 1);
        int days = 0;
        for (bool isFound = false; !isFound; days++)
        {
            Assert.True(days < 60, "nobody looked");
            rig.Start();
            rig.Scheduler.RunFor(TimeSpan.FromDays(1));
            isFound = rig.Log.Defects.Count > 0;
            rig.Stop();
        }

        Assert.True(days > 1, "with a week between two rounds the first day is not likely");
    }

    [Fact]
    public void Zeros_that_the_device_cannot_read_are_found_although_their_checksum_would_hold()
    {
        var rig = new StorageRig(97);
        rig.Start();
        rig.Append(1000, "before");
        rig.Append(1000, new string('\0', 12_000));
        rig.Append(1000, "after");
        rig.Scheduler.RunFor(TimeSpan.FromMilliseconds(20));
        rig.Disk.MakeUnreadable(StorageRig.DataFile(0), 2 * 4096, 1);
        rig.Run(async () => await rig.Directory.RunMaintenanceAsync(StorageRig.Id, MaintenanceKind.Scrub));
        LogDefect defect = Assert.Single(rig.Log.Defects);
        Assert.Equal((LogDefectKind.Unreadable, 1L, 1L), (defect.Kind, defect.FirstOffset.Value, defect.LastOffset.Value));
    }

    [Fact]
    public void A_header_changed_so_that_it_still_leads_on_is_found_by_the_chain_CRC_between_two_index_entries()
    {
        StorageRig source = Filled(2, SmallSegments);
        source.Stop();
        long segmentBase = Bases(source)[1];
        List<(long Offset, long Position, long Size)> batches = Batches(source, segmentBase);
        (_, long position, _) = batches[3];

        // Another epoch, in a history that is lost: neither the order of epochs nor the epoch file tells.
        source.Disk.DeleteFile($"{StorageRig.PartitionPath}/epochs");
        source.Disk.FlipBits(StorageRig.DataFile(segmentBase), position + 12 + 3, 0x01);
        foreach ((long _, long later, long _) in batches.Skip(4))
            source.Disk.FlipBits(StorageRig.DataFile(segmentBase), later + 12 + 3, 0x01);
        StorageRig rig = Opened(source, source.Disk);
        Scrub(rig);
        LogDefect defect = Assert.Single(rig.Log.Defects, defect => defect.Kind == LogDefectKind.ChainMismatch);
        Assert.Equal(StorageRig.DataFile(segmentBase), defect.File);
        Assert.InRange(batches[3].Offset, defect.FirstOffset.Value, defect.LastOffset.Value);
        Assert.True(defect.Length <= 2 * StorageLimits.IndexInterval);
    }

    [Fact]
    public void Damaged_headers_and_seals_of_segments_are_told_and_cost_no_offset()
    {
        StorageRig rig = Filled(3, SmallSegments);
        rig.Stop();
        rig.Start();
        rig.Disk.FlipBits(StorageRig.DataFile(Bases(rig)[0]), 40, 1);
        rig.Disk.FlipBits(StorageRig.DataFile(Bases(rig)[1]), SegmentLayout.SealAt + 30, 1);
        Scrub(rig);
        Assert.Equal(
            [LogDefectKind.SegmentHeaderDamaged, LogDefectKind.SealDamaged], rig.Log.Defects.Select(defect => defect.Kind).Order());
        Assert.Equal(Count, rig.ReadAll().Count);
    }

    [Fact]
    public void An_index_that_lies_is_made_anew()
    {
        // Entries whose checks hold and that name wrong places: only the batches can tell.
        StorageRig source = Filled(4, SmallSegments);
        source.Stop();
        var segmentBase = new LogOffset(Bases(source)[0]);
        string path = StorageRig.DataFile(segmentBase.Value).Replace(".log", ".index", StringComparison.Ordinal);
        byte[] good = source.Disk.Peek(path);
        OffsetIndexEntry.TryRead(good.AsSpan(IndexHeader.Size), segmentBase, out OffsetIndexEntry entry);
        OffsetIndexEntry[] lies =
        [
            entry with { Offset = entry.Offset.Next() },
            entry with { Position = entry.Position.Plus(1) },
            entry with { ChainCrc = entry.ChainCrc ^ 1 },
        ];
        foreach (OffsetIndexEntry lie in lies)
        {
            SimulatedDisk disk = source.Disk.Clone(1);
            byte[] bytes = [.. good];
            lie.Write(bytes.AsSpan(IndexHeader.Size), segmentBase);
            using (Storage.Disk.IDiskFile file = disk.Open(path, Storage.Disk.DiskOpenMode.ReadWrite))
                file.Write(FilePosition.Zero, bytes);
            StorageRig rig = Opened(source, disk);
            Scrub(rig);
            Assert.Equal(good, disk.Peek(path));
            Assert.Single(rig.Events, e => e.Id == StorageEventId.IndexRebuilt);
            Assert.Empty(rig.Log.Defects);
            Assert.Equal(Count, rig.ReadAll().Count);
        }
    }

    [Fact]
    public void A_good_log_is_scrubbed_without_a_word_while_it_is_appended_to()
    {
        StorageRig rig = Filled(5, SmallSegments);
        rig.Run(async () =>
        {
            Task scrub = rig.Directory.RunMaintenanceAsync(StorageRig.Id, MaintenanceKind.Scrub);
            for (int i = 0; i < 60; i++)
                Assert.Equal(AppendStatus.Ok, (await rig.Log.AppendAsync(StorageRig.Batch(1000, new string('w', 150)), AppendMode.Confirmed)).Status);
            await scrub;
        });
        Scrub(rig);
        Assert.DoesNotContain(rig.Events, e => e.IsWarning && e.Id != StorageEventId.UncleanStart);
        Assert.Empty(rig.Log.Defects);
    }

    [Fact]
    public void The_scrubber_keeps_to_its_rate_and_comes_round_by_itself()
    {
        StorageRig rig = Filled(6, SmallSegments);
        long before = rig.Scheduler.Elapsed.Ticks;
        Scrub(rig);
        double seconds = TimeSpan.FromTicks(rig.Scheduler.Elapsed.Ticks - before).TotalSeconds;
        double bytes = rig.Log.SizeBytes - (rig.Log.SegmentCount * SegmentLayout.HeaderSize);
        double rate = new LogDirectoryOptions { NodeId = new NodeId(1) }.ScrubRate;
        Assert.InRange(seconds, (bytes / rate) - 0.006, (bytes / rate) + 1);
        rig.Disk.FlipBits(StorageRig.DataFile(0), Batches(rig, 0)[0].Position + 80, 1);
        rig.Scheduler.RunFor(TimeSpan.FromDays(8));
        Assert.Single(rig.Log.Defects);
    }

    [Fact]
    public void What_the_device_could_not_read_for_a_while_is_served_again_when_a_scrub_reads_it()
    {
        StorageRig rig = Filled(8, SmallSegments);
        string path = StorageRig.DataFile(0);
        byte[] page = rig.Disk.Peek(path)[4096..8192];
        rig.Disk.MakeUnreadable(path, 4096, 4096);
        Scrub(rig);
        Assert.All(rig.Log.Defects, defect => Assert.Equal(LogDefectKind.Unreadable, defect.Kind));
        Assert.NotEmpty(rig.Log.Defects);
        Assert.True(ServedRecords(rig).Count < Count);
        using (Storage.Disk.IDiskFile file = rig.Disk.Open(path, Storage.Disk.DiskOpenMode.ReadWrite))
            file.Write(new FilePosition(4096), page);
        Scrub(rig);
        Assert.Empty(rig.Log.Defects);
        Assert.Equal(Count, rig.ReadAll().Count);
    }

    [Fact]
    public void Good_bytes_lift_the_quarantine_durably_and_bad_ones_do_not()
    {
        foreach (bool isSealed in (bool[])[true, false])
        {
            StorageRig source = Filled(9, isSealed ? SmallSegments : new PartitionLogOptions());
            long segmentBase = Bases(source)[0];
            (long offset, long position, long size) = Batches(source, segmentBase)[2];
            byte[] good = source.Disk.Peek(StorageRig.DataFile(segmentBase))[(int)position..(int)(position + size)];
            source.Stop();
            SimulatedDisk disk = source.Disk;
            disk.FlipBits(StorageRig.DataFile(segmentBase), position + 70, 4);
            StorageRig rig = Opened(source, disk);
            Scrub(rig);
            LogDefect defect = Assert.Single(rig.Log.Defects);

            byte[] flipped = [.. good];
            flipped[^1] ^= 1;
            Assert.Equal(RangeRepairStatus.InvalidBytes, Repair(rig, defect, flipped));
            byte[] other = StorageRig.Batch(7, new string('v', 150) + 2);
            Records.BatchStamp.Stamp(other, new LogOffset(offset), new LeaderEpoch(0));
            Assert.Equal(good.Length, other.Length);
            Assert.Equal(RangeRepairStatus.InvalidBytes, Repair(rig, defect, other));
            Assert.Equal(RangeRepairStatus.InvalidBytes, Repair(rig, defect, good[..^1]));
            Assert.Equal(RangeRepairStatus.NotDamaged, Repair(rig, defect with { Length = 3 }, good));
            Assert.Equal(defect, Assert.Single(rig.Log.Defects));

            Assert.Equal(RangeRepairStatus.Repaired, Repair(rig, defect, good));
            Assert.Empty(rig.Log.Defects);
            Assert.Equal(Count, rig.ReadAll().Count);
            rig.PowerCut(new Prng(3), PowerCutOutcome.AllLost);
            rig.Start();
            Scrub(rig);
            Assert.Empty(rig.Log.Defects);
            Assert.Equal(Count, rig.ReadAll().Count);
        }
    }

    private static RangeRepairStatus Repair(StorageRig rig, LogDefect defect, byte[] bytes)
    {
        RangeRepairResult result = default;
        rig.Run(async () => result = await rig.Log.RepairAsync(defect, bytes));
        return result.Status;
    }

    private static void Scrub(StorageRig rig) =>
        rig.Run(async () => await rig.Directory.RunMaintenanceAsync(StorageRig.Id, MaintenanceKind.Scrub));

    private static StorageRig Filled(ulong seed, PartitionLogOptions options)
    {
        var rig = new StorageRig(seed, options);
        rig.Start();
        for (int i = 0; i < Count; i++)
            Assert.Equal(AppendStatus.Ok, rig.Append(i, new string('v', 150) + i).Status);
        rig.Scheduler.RunFor(TimeSpan.FromMilliseconds(20));
        return rig;
    }

    private static StorageRig Opened(StorageRig source, SimulatedDisk disk)
    {
        var rig = new StorageRig(source.Seed, source.Options, disk);
        rig.Start();
        return rig;
    }

    private static List<TestRecord> ServedRecords(StorageRig rig)
    {
        var records = new List<TestRecord>();
        for (LogOffset next = LogOffset.Zero; next < rig.Log.ReadableEnd;)
        {
            ReadResult result = rig.Log.Read(next, 1 << 20, rig.Log.ReadableEnd);
            if (result.Status == ReadStatus.Ok)
                StorageRig.Decode(result, records);
            result.Region.Release();
            next = result.NextOffset;
        }

        return records;
    }

    private static long[] Bases(StorageRig rig) => [.. rig.Disk.ListFiles(StorageRig.PartitionPath)
        .Where(name => name.EndsWith(".log", StringComparison.Ordinal))
        .Select(name => long.Parse(name[..20]))];

    private static List<(long Offset, long Position, long Size)> Batches(StorageRig rig, long segmentBase)
    {
        byte[] bytes = rig.Disk.Peek(StorageRig.DataFile(segmentBase));
        var found = new List<(long, long, long)>();
        for (int at = (int)SegmentLayout.DataStart.Value; at + 61 < bytes.Length;)
        {
            int size = 12 + BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at + 8));
            if (size == 12)
                break;
            found.Add((BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(at)), at, size));
            at += size;
        }

        return found;
    }
}

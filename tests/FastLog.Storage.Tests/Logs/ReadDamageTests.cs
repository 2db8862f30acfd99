using FastLog.Primitives;
using FastLog.Simulator;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Tests.Logs;

/// <summary>Damage that a read meets in an open log: its range is told once and closed, all else is served.</summary>
public class ReadDamageTests
{
    private const int Count = 120;

    private static readonly PartitionLogOptions SmallSegments = new() { SegmentSizeMax = StorageLimits.SegmentSizeMin };

    [Fact]
    public void A_damaged_header_that_a_read_meets_is_quarantined_with_its_exact_offsets_and_told_once()
    {
        for (int batch = 1; batch < 8; batch++)
        {
            StorageRig rig = Filled(batch, new PartitionLogOptions());
            (long position, long size) = Place(rig, 0, batch);
            rig.Disk.FlipBits(StorageRig.DataFile(0), position + 7, 0x10);
            long served = ReadsAllButDamage(rig.Log);
            LogDefect defect = Assert.Single(rig.Log.Defects);
            Assert.Equal(batch, defect.FirstOffset.Value);
            Assert.Equal(batch, defect.LastOffset.Value);
            Assert.Equal(position, defect.Position.Value);
            Assert.Equal(size, defect.Length);
            Assert.Equal(Count - 1, served);
            Assert.Equal(Count - 1, ReadsAllButDamage(rig.Log));
            Assert.Single(rig.Events, e => e.Id == StorageEventId.DefectFound);
            Assert.Equal(Count, rig.Append(1000, "on").BaseOffset.Value);
        }
    }

    [Fact]
    public void Bytes_that_the_device_cannot_read_cost_the_reads_of_their_batches_and_no_others()
    {
        for (int page = 1; page < 6; page++)
        {
            StorageRig rig = Filled(20 + page, new PartitionLogOptions());
            long from = page * 4096L;
            rig.Disk.MakeUnreadable(StorageRig.DataFile(0), from, 4096);
            List<int> lost = Overlapping(rig, from, from + 4096);
            List<long> served = ServedOffsets(rig);
            Assert.Equal(Enumerable.Range(0, Count).Except(lost).Select(offset => (long)offset), served);
            Assert.All(rig.Log.Defects, defect => Assert.Equal(LogDefectKind.Unreadable, defect.Kind));
            Assert.Equal(
                lost, rig.Log.Defects.SelectMany(defect => Enumerable.Range((int)defect.FirstOffset.Value, (int)(defect.LastOffset.Since(defect.FirstOffset) + 1))).Order());
            Assert.Equal(Count, rig.Append(1000, "on").BaseOffset.Value);
        }
    }

    [Fact]
    public void A_region_that_cannot_be_sent_is_known_to_be_damaged_for_the_next_read()
    {
        // One batch larger than a few pages: its header reads, its middle does not.
        var rig = new StorageRig(40);
        rig.Start();
        rig.Append(1000, "before");
        rig.Append(1000, new string('x', 40_000));
        rig.Append(1000, "after");
        rig.Scheduler.RunFor(TimeSpan.FromMilliseconds(20));
        rig.Disk.MakeUnreadable(StorageRig.DataFile(0), 5 * 4096, 100);
        ReadResult region = rig.Log.Read(new LogOffset(1), 100, rig.Log.ReadableEnd);
        Assert.Equal(ReadStatus.Ok, region.Status);
        Assert.ThrowsAny<IOException>(() => region.Region.File!.Read(region.Region.Position, new byte[region.Region.Length]));
        region.Region.Release();
        ReadResult next = rig.Log.Read(new LogOffset(1), 100, rig.Log.ReadableEnd);
        Assert.Equal(ReadStatus.Corrupt, next.Status);
        Assert.Equal(LogDefectKind.Unreadable, next.Defect!.Kind);
        Assert.Equal((1, 1), (next.Defect.FirstOffset.Value, next.Defect.LastOffset.Value));
        Assert.Equal(2, next.NextOffset.Value);
        Assert.Equal("after", Assert.Single(rig.ReadAll(2)).Value);
        Assert.Equal("before", Assert.Single(ReadOne(rig, 0)).Value);
    }

    [Fact]
    public void An_index_that_cannot_be_read_is_made_anew_and_nothing_is_called_damaged()
    {
        StorageRig rig = Filled(50, SmallSegments);
        foreach ((string path, long length) in rig.Disk.Files().Where(file => file.Path.EndsWith("index", StringComparison.Ordinal)))
        {
            if (!path.Contains($"{LastBase(rig):D20}", StringComparison.Ordinal))
                rig.Disk.MakeUnreadable(path, 0, length);
        }

        Assert.Equal(Count, rig.ReadAll(bytesMax: 700).Count);
        Assert.Equal(60, rig.Find(60).Offset.Value);
        Assert.Empty(rig.Log.Defects);
    }

    [Fact]
    public void A_data_file_that_is_gone_costs_its_own_offsets_only()
    {
        StorageRig rig = Filled(60, SmallSegments);
        string[] files = [.. rig.Disk.ListFiles(StorageRig.PartitionPath).Where(name => name.EndsWith(".log", StringComparison.Ordinal))];
        rig.Stop();
        rig.Start();
        rig.Disk.DeleteFile($"{StorageRig.PartitionPath}/{files[1]}");
        long first = long.Parse(files[1][..20]);
        long next = long.Parse(files[2][..20]);
        Assert.Equal(Count - (next - first), ReadsAllButDamage(rig.Log));
        LogDefect defect = Assert.Single(rig.Log.Defects);
        Assert.Equal(LogDefectKind.SegmentMissing, defect.Kind);
        Assert.Equal((first, next - 1), (defect.FirstOffset.Value, defect.LastOffset.Value));
    }

    [Fact]
    public void A_system_that_has_no_more_handles_refuses_the_read_and_calls_nothing_damaged()
    {
        StorageRig rig = Filled(70, SmallSegments);
        rig.Stop();
        rig.Start();
        const int tooManyOpenFiles = 24;
        rig.Disk.Faults.Fail(DiskOperation.Open, tooManyOpenFiles);
        ReadResult refused = rig.Log.Read(LogOffset.Zero, 1000, rig.Log.ReadableEnd);
        Assert.Equal(ReadStatus.Failed, refused.Status);
        Assert.Contains("errno 24", refused.Reason);
        Assert.Equal(Count, rig.ReadAll().Count);
        Assert.Empty(rig.Log.Defects);
    }

    [Fact]
    public void A_block_of_another_partition_written_here_by_mistake_is_not_served()
    {
        // The same offsets, other records: each of its batches is whole by itself and leads to the next.
        StorageRig source = Filled(90, new PartitionLogOptions());
        StorageRig other = new(91);
        other.Start();
        for (int i = 0; i < Count; i++)
            other.Append(i, new string('o', 150) + i);
        byte[] foreign = other.Disk.Peek(StorageRig.DataFile(0));
        source.Stop();
        for (int at = 4096; at < 24_000; at += 512)
        {
            SimulatedDisk disk = source.Disk.Clone((ulong)at);
            using (Storage.Disk.IDiskFile file = disk.Open(StorageRig.DataFile(0), Storage.Disk.DiskOpenMode.ReadWrite))
                file.Write(new FilePosition(at + 3), foreign.AsSpan(at, 2_048));
            var rig = new StorageRig((ulong)at, null, disk);
            rig.Start();
            var records = new List<TestRecord>();
            for (LogOffset next = LogOffset.Zero; next < rig.Log.ReadableEnd;)
            {
                ReadResult result = rig.Log.Read(next, 300, rig.Log.ReadableEnd);
                if (result.Status == ReadStatus.Ok && IsWhole(result))
                    StorageRig.Decode(result, records);
                result.Region.Release();
                next = result.NextOffset;
            }

            Assert.All(records, record => Assert.StartsWith("v", record.Value));
            Assert.InRange(records.Count, Count - 50, Count - 1);
        }
    }

    /// <summary>A consumer's own check of what it got.</summary>
    private static bool IsWhole(ReadResult result)
    {
        byte[] bytes = new byte[result.Region.Length];
        result.Region.File!.Read(result.Region.Position, bytes);
        var reader = new Records.BatchReader(bytes, Records.BatchCheck.Checksum);
        while (reader.Read())
        {
        }

        return reader.Status == Records.BatchStatus.Ok;
    }

    [Fact]
    public void A_lookup_by_time_passes_what_the_device_cannot_read()
    {
        StorageRig rig = Filled(80, new PartitionLogOptions());
        rig.Disk.MakeUnreadable(StorageRig.DataFile(0), 8192, 4096);
        List<int> lost = Overlapping(rig, 8192, 12288);
        Assert.Equal(lost[^1] + 5, rig.Find(lost[^1] + 5).Offset.Value);
        Assert.Equal(5, rig.Find(5).Offset.Value);
    }

    private static StorageRig Filled(int seed, PartitionLogOptions options)
    {
        var rig = new StorageRig((ulong)seed, options);
        rig.Start();
        for (int i = 0; i < Count; i++)
            Assert.Equal(AppendStatus.Ok, rig.Append(i, new string('v', 150) + i).Status);
        rig.Scheduler.RunFor(TimeSpan.FromMilliseconds(20));
        return rig;
    }

    private static List<TestRecord> ReadOne(StorageRig rig, long offset)
    {
        ReadResult result = rig.Log.Read(new LogOffset(offset), 1, rig.Log.ReadableEnd);
        var records = new List<TestRecord>();
        StorageRig.Decode(result, records);
        result.Region.Release();
        return records;
    }

    /// <summary>Where the batch with an offset lies; each holds one record.</summary>
    private static (long Position, long Size) Place(StorageRig rig, long segmentBase, long offset)
    {
        byte[] bytes = rig.Disk.Peek(StorageRig.DataFile(segmentBase));
        int at = (int)SegmentLayout.DataStart.Value;
        while (true)
        {
            int size = 12 + System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at + 8));
            if (System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(at)) == offset)
                return (at, size);
            at += size;
        }
    }

    private static List<int> Overlapping(StorageRig rig, long from, long to)
    {
        var found = new List<int>();
        for (int offset = 0; offset < Count; offset++)
        {
            (long position, long size) = Place(rig, 0, offset);
            if (position < to && position + size > from)
                found.Add(offset);
        }

        return found;
    }

    private static long LastBase(StorageRig rig) => rig.Disk.ListFiles(StorageRig.PartitionPath)
        .Where(name => name.EndsWith(".log", StringComparison.Ordinal))
        .Select(name => long.Parse(name[..20]))
        .Max();

    private static long ReadsAllButDamage(PartitionLog log)
    {
        long read = 0;
        for (LogOffset next = LogOffset.Zero; next < log.ReadableEnd;)
        {
            ReadResult result = log.Read(next, 500, log.ReadableEnd);
            Assert.True(result.NextOffset > next);
            if (result.Status == ReadStatus.Ok)
                read += result.NextOffset.Since(next);
            else
                Assert.Equal(ReadStatus.Corrupt, result.Status);
            result.Region.Release();
            next = result.NextOffset;
        }

        return read;
    }

    /// <summary>Reads and sends all: a region whose bytes cannot be read is asked for again.</summary>
    private static List<long> ServedOffsets(StorageRig rig)
    {
        var served = new List<long>();
        int tries = 0;
        for (LogOffset next = LogOffset.Zero; next < rig.Log.ReadableEnd;)
        {
            Assert.True(tries++ < 10 * Count, $"reads at {next} get no further");
            ReadResult result = rig.Log.Read(next, 2_000, rig.Log.ReadableEnd);
            if (result.Status == ReadStatus.Ok)
            {
                try
                {
                    var records = new List<TestRecord>();
                    StorageRig.Decode(result, records);
                    served.AddRange(records.Select(record => record.Offset));
                }
                catch (IOException)
                {
                    result = result with { NextOffset = next };
                }
            }

            result.Region.Release();
            next = result.NextOffset;
        }

        return served;
    }
}

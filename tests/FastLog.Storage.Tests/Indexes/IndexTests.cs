using FastLog.Primitives;
using FastLog.Records;
using FastLog.Simulator;
using FastLog.Storage.Disk;
using FastLog.Storage.Indexes;
using FastLog.Storage.Maintenance;
using FastLog.Storage.Segments;
using FastLog.Storage.Tests.Logs;

namespace FastLog.Storage.Tests.Indexes;

/// <summary>Indexes say what is in the segment, exactly; and when they do not, reads are right nevertheless.</summary>
public class IndexTests
{
    private static readonly PartitionLogOptions Options = new() { SegmentSizeMax = 64 << 10 };

    public enum Harm
    {
        Deleted,
        Emptied,
        Zeroed,
        Garbage,
        Foreign,
        Shortened,
        EntryFlipped,
        EntriesMislead,
        HeaderFlipped,
        Lengthened,
        Unsorted,
    }

    [Fact]
    public void Each_entry_names_a_batch_with_its_chain_and_its_largest_timestamp_so_far()
    {
        StorageRig rig = Filled(61);
        rig.Stop();
        Assert.True(CheckEntries(rig) > 20);
    }

    [Theory]
    [MemberData(nameof(Harms))]
    public void Reads_and_look_ups_are_right_whatever_was_done_to_an_index(Harm harm, bool clean)
    {
        StorageRig rig = Filled(62);
        List<TestRecord> expected = rig.ReadAll();
        if (clean)
            rig.Stop();
        else
            rig.Kill();
        foreach (string name in rig.Disk.ListFiles(StorageRig.PartitionPath))
        {
            if (name.EndsWith("index", StringComparison.Ordinal))
                Hurt(rig.Disk, $"{StorageRig.PartitionPath}/{name}", harm);
        }

        rig.Start();
        for (int from = 0; from < expected.Count; from += 17)
            Assert.Equal(expected[from..], rig.ReadAll(from));
        for (long at = 900; at < 7_200; at += 130)
            Assert.Equal(expected.FindIndex(record => record.Timestamp >= at), rig.Find(at).Offset.Value);
        rig.Append(1000, "on");
        Assert.Equal(expected.Count + 1, rig.ReadAll().Count);

        // Reads mend what they meet; the scrubber mends the rest.
        rig.Run(async () => await rig.Directory.RunMaintenanceAsync(StorageRig.Id, MaintenanceKind.Scrub));
        rig.Stop();

        // The good beginning of an index that is appended to is kept, however few entries it has.
        Assert.True(CheckEntries(rig, isDense: harm != Harm.Unsorted) > 20);
        Assert.Empty(rig.Log.Defects);
    }

    [Fact]
    public void No_more_of_an_index_file_is_read_than_its_segment_can_have_entries()
    {
        StorageRig rig = Filled(64);
        rig.Kill();
        foreach (string name in rig.Disk.ListFiles(StorageRig.PartitionPath).Where(name => name.EndsWith("index", StringComparison.Ordinal)))
        {
            using IDiskFile file = rig.Disk.Open($"{StorageRig.PartitionPath}/{name}", DiskOpenMode.ReadWrite);
            file.SetLength(60L << 20);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        rig.Start();
        Assert.Equal(420, rig.ReadAll().Count);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16 << 20);
    }

    public static TheoryData<Harm, bool> Harms()
    {
        var data = new TheoryData<Harm, bool>();
        foreach (Harm harm in Enum.GetValues<Harm>())
        {
            data.Add(harm, true);
            data.Add(harm, false);
        }

        return data;
    }

    [Fact]
    public void A_search_finds_the_last_entry_at_or_below()
    {
        var segmentBase = new LogOffset(100);
        var image = new IndexImage(4);
        for (int i = 0; i < 50; i++)
        {
            var offset = new LogOffset(110 + (i * 10));
            image.Add(
                segmentBase,
                new OffsetIndexEntry(offset, new FilePosition(5_000 + (i * 4_100)), (uint)i),
                new TimeIndexEntry(new Timestamp(1_000 + (i / 3)), new Timestamp(i), offset));
        }

        var offsets = new OffsetIndex(image.Offsets, segmentBase);
        var times = new TimeIndex(image.Times, segmentBase);
        for (int at = 100; at < 700; at++)
        {
            IndexSearchStatus status = offsets.Floor(new LogOffset(at), out OffsetIndexEntry entry);
            Assert.Equal(at < 110 ? IndexSearchStatus.None : IndexSearchStatus.Found, status);
            if (at >= 110)
                Assert.Equal(Math.Min(600, at / 10 * 10), entry.Offset.Value);
        }

        for (int at = 990; at < 1_030; at++)
        {
            IndexSearchStatus status = times.LastBefore(new Timestamp(at), out TimeIndexEntry entry);
            Assert.Equal(at <= 1_000 ? IndexSearchStatus.None : IndexSearchStatus.Found, status);
            if (at > 1_000)
                Assert.Equal(Math.Min(1_016, at - 1), entry.MaxTimestamp.UnixMilliseconds);
        }

        Assert.Equal(0, offsets.FirstAbove(new FilePosition(4_999)));
        Assert.Equal(1, offsets.FirstAbove(new FilePosition(5_000)));
        Assert.Equal(-1, offsets.FirstAbove(new FilePosition(1 << 30)));
    }

    [Fact]
    public void An_entry_of_another_segment_or_of_zeros_does_not_check()
    {
        byte[] bytes = new byte[OffsetIndexEntry.Size];
        Assert.False(OffsetIndexEntry.TryRead(bytes, LogOffset.Zero, out _));
        new OffsetIndexEntry(new LogOffset(7), new FilePosition(5_000), 3).Write(bytes, LogOffset.Zero);
        Assert.True(OffsetIndexEntry.TryRead(bytes, LogOffset.Zero, out _));
        Assert.False(OffsetIndexEntry.TryRead(bytes, new LogOffset(1), out _));
        byte[] time = new byte[TimeIndexEntry.Size];
        Assert.False(TimeIndexEntry.TryRead(time, LogOffset.Zero, out _));
    }

    [Fact]
    public void A_full_disk_costs_index_entries_but_no_append()
    {
        var rig = new StorageRig(63, new PartitionLogOptions { SegmentSizeMax = 1 << 20 });
        rig.Start();
        rig.Disk.Faults.Fail(DiskOperation.Create, DiskErrors.NoSpace, times: 100, pathEnd: "index");
        for (int i = 0; i < 100; i++)
            Assert.Equal(AppendStatus.Ok, rig.Append(1_000 + i, new string('v', 300) + i).Status);
        Assert.Equal(100, rig.ReadAll(bytesMax: 1_000).Count);
        Assert.Equal(50, rig.Find(1_050).Offset.Value);
        rig.Disk.Faults.Clear();
        rig.Stop();
        rig.Start();
        Assert.Equal(50, rig.Find(1_050).Offset.Value);
        Assert.True(CheckEntries(rig) > 3);
    }

    private static StorageRig Filled(ulong seed)
    {
        var rig = new StorageRig(seed, Options);
        var random = new Prng(seed);
        rig.Start();
        for (int i = 0; i < 420; i++)
            rig.Append(1_000 + random.Next(6_000), i + new string('v', (int)random.Next(600)));
        rig.Scheduler.RunFor(TimeSpan.FromMilliseconds(20));
        return rig;
    }

    /// <summary>Compares every entry of every index file with the batches; how many there were.</summary>
    private static int CheckEntries(StorageRig rig, bool isDense = true)
    {
        int entries = 0;
        foreach (string name in rig.Disk.ListFiles(StorageRig.PartitionPath))
        {
            if (!SegmentName.TryParse(name, SegmentName.DataSuffix, out LogOffset segmentBase))
                continue;
            var batches = Batches(rig.Disk.Peek($"{StorageRig.PartitionPath}/{name}"));
            byte[] offsets = rig.Disk.Peek(SegmentName.OffsetIndex(StorageRig.PartitionPath, segmentBase));
            byte[] times = rig.Disk.Peek(SegmentName.TimeIndex(StorageRig.PartitionPath, segmentBase));
            int count = (offsets.Length - IndexHeader.Size) / OffsetIndexEntry.Size;
            Assert.Equal(count, (times.Length - IndexHeader.Size) / TimeIndexEntry.Size);
            for (int i = 0; i < count; i++)
            {
                Assert.True(OffsetIndexEntry.TryRead(
                    offsets.AsSpan(IndexHeader.Size + (i * OffsetIndexEntry.Size)), segmentBase, out OffsetIndexEntry offset));
                Assert.True(TimeIndexEntry.TryRead(
                    times.AsSpan(IndexHeader.Size + (i * TimeIndexEntry.Size)), segmentBase, out TimeIndexEntry time));
                (long baseOffset, uint chain, long maxTimestamp) = batches[offset.Position.Value];
                Assert.Equal(baseOffset, offset.Offset.Value);
                Assert.Equal(chain, offset.ChainCrc);
                Assert.Equal(baseOffset, time.Offset.Value);
                Assert.Equal(maxTimestamp, time.MaxTimestamp.UnixMilliseconds);
                entries++;
            }

            // About every 4 KiB: a segment with data has about so many.
            Assert.True(!isDense || count >= (batches.Keys.Max() / 6_000) - 2, $"{count} entries up to {batches.Keys.Max()}");
        }

        return entries;
    }

    private static Dictionary<long, (long BaseOffset, uint Chain, long MaxTimestamp)> Batches(byte[] file)
    {
        var batches = new Dictionary<long, (long BaseOffset, uint Chain, long MaxTimestamp)>();
        long at = SegmentLayout.HeaderSize;
        uint chain = 0;
        long max = -1;
        while (at < file.Length && BatchHeader.TryRead(file.AsSpan((int)at), out BatchHeader header) == BatchStatus.Ok)
        {
            max = Math.Max(max, header.MaxTimestamp.UnixMilliseconds);
            batches[at] = (header.BaseOffset.Value, chain, max);
            chain = Crc32C.Append(chain, file.AsSpan((int)at, 21));
            at += header.BatchSize;
        }

        return batches;
    }

    /// <summary>Entries that check and name a place inside of a batch.</summary>
    private static void Mislead(string path, byte[] bytes)
    {
        LogOffset segmentBase = new(long.Parse(Path.GetFileName(path)[..20]));
        for (int at = IndexHeader.Size; at + OffsetIndexEntry.Size <= bytes.Length; at += OffsetIndexEntry.Size)
        {
            if (!OffsetIndexEntry.TryRead(bytes.AsSpan(at), segmentBase, out OffsetIndexEntry entry))
                continue;
            (entry with { Position = entry.Position.Plus(9) }).Write(bytes.AsSpan(at), segmentBase);
        }
    }

    private static void Hurt(SimulatedDisk disk, string path, Harm harm)
    {
        using (IDiskFile file = disk.Open(path, DiskOpenMode.ReadWrite))
        {
            byte[] bytes = new byte[file.Length];
            file.Read(FilePosition.Zero, bytes);
            switch (harm)
            {
                case Harm.Emptied:
                    file.SetLength(0);
                    break;
                case Harm.Zeroed:
                    file.Write(FilePosition.Zero, new byte[bytes.Length]);
                    break;
                case Harm.Garbage:
                    new Prng(7).Fill(bytes);
                    file.Write(FilePosition.Zero, bytes);
                    break;
                case Harm.Foreign:
                    IndexKind kind = path.EndsWith("timeindex", StringComparison.Ordinal) ? IndexKind.Time : IndexKind.Offset;
                    new IndexHeader(kind, StorageRig.Id, new LogOffset(987_654)).Write(bytes);
                    file.Write(FilePosition.Zero, bytes);
                    break;
                case Harm.Shortened:
                    file.SetLength(IndexHeader.Size + ((bytes.Length - IndexHeader.Size) / 2) + 5);
                    break;
                case Harm.EntryFlipped:
                    for (int at = IndexHeader.Size + 3; at < bytes.Length; at += 40)
                        bytes[at] ^= 4;
                    file.Write(FilePosition.Zero, bytes);
                    break;
                case Harm.EntriesMislead:
                    Mislead(path, bytes);
                    file.Write(FilePosition.Zero, bytes);
                    break;
                case Harm.Lengthened:
                    file.Write(new FilePosition(bytes.Length), bytes.AsSpan(0, bytes.Length / 2));
                    break;
                case Harm.Unsorted:
                    int size = path.EndsWith("timeindex", StringComparison.Ordinal) ? TimeIndexEntry.Size : OffsetIndexEntry.Size;
                    byte[][] entries = [.. bytes[IndexHeader.Size..].Chunk(size).Reverse()];
                    file.Write(new FilePosition(IndexHeader.Size), entries.SelectMany(entry => entry).ToArray());
                    break;
                case Harm.HeaderFlipped:
                    bytes[9] ^= 1;
                    file.Write(FilePosition.Zero, bytes);
                    break;
            }
        }

        if (harm == Harm.Deleted)
            disk.DeleteFile(path);
    }
}

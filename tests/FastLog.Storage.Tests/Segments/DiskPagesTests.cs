using System.Globalization;
using FastLog.Primitives;
using FastLog.Simulator;
using FastLog.Storage.Compaction;
using FastLog.Storage.Disk;
using FastLog.Storage.Epochs;
using FastLog.Storage.Flushing;
using FastLog.Storage.Indexes;
using FastLog.Storage.Maintenance;
using FastLog.Storage.Recovery;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Tests.Segments;

/// <summary>The pages segment.md, index.md, retention.md and meta.md: their tables and worked examples are the code's layout.</summary>
public class DiskPagesTests
{
    private static readonly TopicPartition Id =
        new(new TopicId(new Uid128(0x0001020304050607, 0x08090a0b0c0d0e0f)), new PartitionId(3));

    private static readonly LogOffset Base = new(1000);

    private static readonly FlushPoint End = new(Base, new FilePosition(8192), new LogOffset(1050), 0xAABBCCDD);

    [Fact]
    public void The_examples_of_the_segment_page_are_what_is_written()
    {
        byte[] header = new byte[SegmentLayout.HeaderSize];
        var identity = new SegmentHeader(Id, Base, new Timestamp(1_700_000_000_000), new FilePosition(65_536));
        identity.Write(header);
        AssertExample("segment.md", 0, [.. header[..SegmentLayout.IdentityEnd], .. header[SegmentLayout.CrcAt..512]]);
        Assert.Equal(SegmentHeaderStatus.Ok, SegmentHeader.TryRead(header, out SegmentHeader readHeader));
        Assert.Equal(identity, readHeader);

        byte[] sector = new byte[SegmentLayout.SectorSize];
        var seal = new SegmentSeal(
            Base,
            End.Position,
            End.NextOffset,
            new Timestamp(1_700_000_000_500),
            new Timestamp(1_700_000_000_600),
            End.ChainCrc,
            new LeaderEpoch(2),
            1);
        seal.Write(sector);
        AssertExample("segment.md", 1, [.. sector[..SegmentLayout.SealEnd], .. sector[SegmentLayout.CrcAt..]]);
        Assert.Equal(SegmentSealStatus.Ok, SegmentSeal.TryRead(sector, Base, out SegmentSeal readSeal));
        Assert.Equal(seal, readSeal);
        Assert.Equal(SegmentSealStatus.Damaged, SegmentSeal.TryRead(sector, Base.Next(), out _));
        Assert.Equal(SegmentSealStatus.Absent, SegmentSeal.TryRead(new byte[512], Base, out _));
    }

    [Fact]
    public void Any_flipped_bit_of_a_header_is_found()
    {
        byte[] header = new byte[SegmentLayout.HeaderSize];
        new SegmentHeader(Id, Base, new Timestamp(1)).Write(header);
        byte[] seal = new byte[SegmentLayout.SectorSize];
        new SegmentSeal(Base, End.Position, End.NextOffset, default, default, 1, default, 1).Write(seal);
        for (int bit = 0; bit < 8 * SegmentLayout.SectorSize; bit++)
        {
            header[bit / 8] ^= (byte)(1 << (bit % 8));
            seal[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Equal(SegmentHeaderStatus.Damaged, SegmentHeader.TryRead(header, out _));
            Assert.Equal(SegmentSealStatus.Damaged, SegmentSeal.TryRead(seal, Base, out _));
            header[bit / 8] ^= (byte)(1 << (bit % 8));
            seal[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void The_examples_of_the_index_page_are_what_is_written()
    {
        byte[] offset = new byte[IndexHeader.Size + OffsetIndexEntry.Size];
        new IndexHeader(IndexKind.Offset, Id, Base).Write(offset);
        var offsetEntry = new OffsetIndexEntry(new LogOffset(1021), new FilePosition(8200), 0x11223344);
        offsetEntry.Write(offset.AsSpan(IndexHeader.Size), Base);
        AssertExample("index.md", 0, offset);
        byte[] time = new byte[IndexHeader.Size + TimeIndexEntry.Size];
        new IndexHeader(IndexKind.Time, Id, Base).Write(time);
        new TimeIndexEntry(new Timestamp(1_700_000_000_250), new Timestamp(1_700_000_000_300), new LogOffset(1021))
            .Write(time.AsSpan(IndexHeader.Size), Base);
        AssertExample("index.md", 1, time);
    }

    [Fact]
    public void The_examples_of_the_directory_page_are_what_is_written()
    {
        var disk = new SimulatedDisk(1);
        disk.CreateDirectory("/d");
        var meta = new DirectoryMeta(Id.Topic.Value, new NodeId(7));
        meta.Write(disk, "/d");
        AssertExample("meta.md", 0, disk.Peek("/d/meta"));
        Assert.Equal(AtomicFileStatus.Ok, DirectoryMeta.TryRead(disk, "/d", out DirectoryMeta read));
        Assert.Equal(meta, read);
        CleanShutdownMarker.Write(disk, "/d", new Dictionary<TopicPartition, FlushPoint> { [Id] = End });
        AssertExample("meta.md", 1, disk.Peek("/d/clean")[16..]);
        Assert.Equal(
            AtomicFileStatus.Ok,
            CleanShutdownMarker.TryRead(disk, "/d", out Dictionary<TopicPartition, FlushPoint> ends));
        Assert.Equal(End, Assert.Single(ends).Value);
        CleanShutdownMarker.Remove(disk, "/d");
        Assert.Equal(AtomicFileStatus.Absent, CleanShutdownMarker.TryRead(disk, "/d", out _));
    }

    [Fact]
    public void The_examples_of_the_retention_page_are_what_is_written()
    {
        var disk = new SimulatedDisk(1);
        disk.CreateDirectory("/d");
        LogStartFile.Write(disk, "/d", new LogOffset(1050));
        AssertExample("retention.md", 0, disk.Peek("/d/start")[16..]);
        Assert.Equal(AtomicFileStatus.Ok, LogStartFile.TryRead(disk, "/d", out LogOffset start));
        Assert.Equal(1050, start.Value);
        Assert.Contains($"0x{LogStartFile.Magic:X8}", Page("retention.md"), StringComparison.Ordinal);
        var scheduler = new SimulatedScheduler(
            1, new SchedulerOptions { WallStart = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000) });
        Assert.Equal(AtomicFileStatus.Absent, RetentionClock.Open(disk, "/d", scheduler, out RetentionClock clock));
        clock.Write(disk, "/d");
        AssertExample("retention.md", 1, disk.Peek("/d/clock")[16..]);
        Assert.Equal(AtomicFileStatus.Ok, RetentionClock.Open(disk, "/d", scheduler, out _));
        Assert.Contains($"0x{RetentionClock.Magic:X8}", Page("retention.md"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("retention.md", "logStart", LogStartFile.LogStartAt)]
    [InlineData("retention.md", "time", RetentionClock.TimeAt)]
    [InlineData("segment.md", "version", SegmentLayout.VersionAt)]
    [InlineData("segment.md", "headerSize", SegmentLayout.HeaderSizeAt)]
    [InlineData("segment.md", "topic", SegmentLayout.TopicIdAt)]
    [InlineData("segment.md", "partition", SegmentLayout.PartitionAt)]
    [InlineData("segment.md", "baseOffset", SegmentLayout.BaseOffsetAt)]
    [InlineData("segment.md", "created", SegmentLayout.CreatedAt)]
    [InlineData("segment.md", "staleEnd", SegmentLayout.StaleEndAt)]
    [InlineData("segment.md", "zeros", SegmentLayout.IdentityEnd)]
    [InlineData("segment.md", "crc", SegmentLayout.CrcAt)]
    [InlineData("segment.md", "version", SegmentLayout.SealVersionAt)]
    [InlineData("segment.md", "baseOffset", SegmentLayout.SealBaseOffsetAt)]
    [InlineData("segment.md", "endPosition", SegmentLayout.SealEndPositionAt)]
    [InlineData("segment.md", "nextOffset", SegmentLayout.SealNextOffsetAt)]
    [InlineData("segment.md", "maxTimestamp", SegmentLayout.SealMaxTimestampAt)]
    [InlineData("segment.md", "lastAppend", SegmentLayout.SealLastAppendAt)]
    [InlineData("segment.md", "chainCrc", SegmentLayout.SealChainCrcAt)]
    [InlineData("segment.md", "lastEpoch", SegmentLayout.SealLastEpochAt)]
    [InlineData("segment.md", "indexEntries", SegmentLayout.SealIndexEntriesAt)]
    [InlineData("segment.md", "zeros", SegmentLayout.SealEnd)]
    [InlineData("segment.md", "topic", CutBytes.TopicIdAt)]
    [InlineData("segment.md", "crc", CutBytes.CrcAt)]
    [InlineData("segment.md", "segmentBase", CutBytes.SegmentBaseAt)]
    [InlineData("segment.md", "position", CutBytes.PositionAt)]
    [InlineData("segment.md", "length", CutBytes.LengthAt)]
    [InlineData("segment.md", "content", CutBytes.HeaderSize)]
    [InlineData("segment.md", "firstDirty", CleanPoint.FirstDirtyAt)]
    [InlineData("segment.md", "heldFrom", CleanPoint.HeldFromAt)]
    [InlineData("index.md", "kind", IndexHeader.KindAt)]
    [InlineData("index.md", "entrySize", IndexHeader.EntrySizeAt)]
    [InlineData("index.md", "topic", IndexHeader.TopicIdAt)]
    [InlineData("index.md", "partition", IndexHeader.PartitionAt)]
    [InlineData("index.md", "baseOffset", IndexHeader.BaseOffsetAt)]
    [InlineData("index.md", "zeros", IndexHeader.FieldsEnd)]
    [InlineData("index.md", "crc", IndexHeader.CrcAt)]
    [InlineData("index.md", "position", OffsetIndexEntry.PositionAt)]
    [InlineData("index.md", "chainCrc", OffsetIndexEntry.ChainCrcAt)]
    [InlineData("index.md", "check", OffsetIndexEntry.CheckAt)]
    [InlineData("index.md", "appendTime", TimeIndexEntry.AppendTimeAt)]
    [InlineData("index.md", "relativeOffset", TimeIndexEntry.RelativeOffsetAt)]
    [InlineData("index.md", "check", TimeIndexEntry.CheckAt)]
    [InlineData("meta.md", "nodeId", DirectoryMeta.NodeIdAt)]
    [InlineData("meta.md", "partition", CleanShutdownMarker.PartitionAt)]
    [InlineData("meta.md", "chainCrc", CleanShutdownMarker.ChainCrcAt)]
    [InlineData("meta.md", "segmentBase", CleanShutdownMarker.SegmentBaseAt)]
    [InlineData("meta.md", "position", CleanShutdownMarker.PositionAt)]
    [InlineData("meta.md", "nextOffset", CleanShutdownMarker.NextOffsetAt)]
    public void The_tables_give_the_places_of_the_fields(string page, string field, int at)
    {
        string start = $"| {at.ToString(CultureInfo.InvariantCulture)} | ";
        Assert.Contains(
            Page(page).Split('\n'),
            line => line.StartsWith(start, StringComparison.Ordinal) && line.Split('|')[3].Trim() == field);
    }

    [Fact]
    public void The_clean_point_is_written_as_its_example()
    {
        var disk = new SimulatedDisk(1);
        disk.CreateDirectory("/d");
        new CleanPoint(new LogOffset(5000), LogOffset.None).Write(disk, "/d");
        AssertExample("segment.md", 2, disk.Peek("/d/clean-point")[16..]);
        Assert.Equal(5000, CleanPoint.Read(disk, "/d").FirstDirty.Value);
    }

    [Fact]
    public void Magics_and_limits_are_those_of_the_pages()
    {
        Assert.Contains($"0x{SegmentLayout.Magic:X16}", Page("segment.md"), StringComparison.Ordinal);
        Assert.Contains($"0x{SegmentLayout.SealMagic:X8}", Page("segment.md"), StringComparison.Ordinal);
        Assert.Contains($"0x{CutBytes.Magic:X16}", Page("segment.md"), StringComparison.Ordinal);
        Assert.Contains($"0x{LeaderEpochHistory.Magic:X8}", Page("segment.md"), StringComparison.Ordinal);
        Assert.Contains($"0x{CleanPoint.Magic:X8}", Page("segment.md"), StringComparison.Ordinal);
        Assert.Contains($"{StorageLimits.EpochEntriesMax:N0}", Page("segment.md"), StringComparison.Ordinal);
        Assert.Contains($"{StorageLimits.CutBytesMax >> 20} MiB", Page("segment.md"), StringComparison.Ordinal);
        Assert.Contains($"0x{IndexHeader.Magic:X16}", Page("index.md"), StringComparison.Ordinal);
        Assert.Contains($"{StorageLimits.IndexInterval:N0} bytes", Page("index.md"), StringComparison.Ordinal);
        Assert.Contains($"0x{DirectoryMeta.Magic:X8}", Page("meta.md"), StringComparison.Ordinal);
        Assert.Contains($"0x{CleanShutdownMarker.Magic:X8}", Page("meta.md"), StringComparison.Ordinal);
        Assert.Contains($"1 to {StorageLimits.TopicNameLengthMax} letters", Page("meta.md"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_limits_page_has_the_limits_of_files()
    {
        (string What, long Limit)[] limits =
        [
            ("one segment's data file", StorageLimits.SegmentSizeMax),
            ("one batch of any topic", StorageLimits.BatchSizeMax),
            ("batches of one append, together", StorageLimits.AppendSizeMax),
            ("batches of one append", StorageLimits.AppendBatchesMax),
            ("one index file", StorageLimits.IndexSizeMax),
            ("cut files of one partition", StorageLimits.CutBytesMax),
            ("leader epochs that a partition remembers", StorageLimits.EpochEntriesMax),
            ("segments that are open without being written, in one data directory", StorageLimits.OpenSegmentsMax),
            ("partitions that stay open for appends while they rest, in one data directory", StorageLimits.WarmLogsMax),
            ("observers of one partition", StorageLimits.ObserversMax),
            ("smallest key map of a compaction", StorageLimits.CompactionMapBytesMin),
            ("slowest rate of compactions", StorageLimits.CompactionBytesPerSecondMin),
            ("idempotent producers that a partition remembers", StorageLimits.ProducersMax),
            ("batches of one producer that a partition remembers", StorageLimits.ProducerWindow),
            ("bytes of batch headers that a start walks for the producers of a partition", StorageLimits.ProducerSnapshotBytes),
            ("the same of all partitions of a data directory", StorageLimits.ProducerSnapshotBytesOfAll),
        ];
        foreach ((string what, long limit) in limits)
            Assert.Contains(
                $"| {what} | {limit.ToString("N0", CultureInfo.InvariantCulture)}",
                Page("../05-limits.md"),
                StringComparison.Ordinal);
    }

    private static void AssertExample(string page, int index, byte[] written)
    {
        string hex = Page(page).Split("```hex")[index + 1].Split("```")[0];
        Assert.Equal(
            Convert.ToHexStringLower(written), string.Concat(hex.Where(letter => !char.IsWhiteSpace(letter))));
    }

    private static string Page(string name)
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists($"{directory}/FastLog.sln"))
            directory = Path.GetDirectoryName(directory);
        return File.ReadAllText($"{directory}/protocol-spec/disk/{name}");
    }
}

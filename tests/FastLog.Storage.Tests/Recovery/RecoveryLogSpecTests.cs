using System.Globalization;
using FastLog.Primitives;
using FastLog.Storage.Flushing;
using FastLog.Storage.Recovery;
using static FastLog.Storage.Recovery.RecoveryLogLayout;

namespace FastLog.Storage.Tests.Recovery;

/// <summary>The spec page's tables and its worked example are the code's layout.</summary>
public class RecoveryLogSpecTests
{
    private static readonly string Page = File.ReadAllText(Find("protocol-spec/disk/recovery-log.md"));

    [Fact]
    public void The_example_is_what_is_written_and_reads_back()
    {
        byte[] example = Convert.FromHexString(string.Concat(
            Page.Split("```hex")[1].Split("```")[0].Where(c => !char.IsWhiteSpace(c))));
        var item = new RecoveryItem(
            new TopicPartition(
                new TopicId(new Uid128(0x0001020304050607, 0x08090a0b0c0d0e0f)), new PartitionId(3)),
            new FlushPoint(new LogOffset(1000), new FilePosition(4107), new LogOffset(1001), 0xAABBCCDD),
            new FilePosition(4096));
        byte[] carried = [.. "hello world"u8, 0, 0, 0, 0, 0];
        byte[] head = new byte[EntryHeaderSize + ItemSize];
        item.Write(head.AsSpan(EntryHeaderSize));
        var header = new RecoveryEntryHeader(
            head.Length + carried.Length, 0x0102030405060708, 5, new FilePosition(4464), RecoveryEntryKind.Carried, 1);
        header.Write(head, carried);
        Assert.Equal(Convert.ToHexString([.. head, .. carried]), Convert.ToHexString(example));
        Assert.True(RecoveryEntryHeader.TryRead(example, 0x0102030405060708, out RecoveryEntryHeader read));
        Assert.Equal(header, read);
        Assert.True(read.IsValid(example));
        Assert.Equal(item, RecoveryEntryHeader.Item(example, 0));
        Assert.False(RecoveryEntryHeader.TryRead(example, 1, out _));
    }

    [Theory]
    [InlineData("generation", GenerationAt)]
    [InlineData("oldestGeneration", OldestGenerationAt)]
    [InlineData("fileId", FileIdAt)]
    [InlineData("snapshotEnd", SnapshotEndAt)]
    [InlineData("crc", FileCrcAt)]
    [InlineData("fileId", EntryFileIdAt)]
    [InlineData("sequence", SequenceAt)]
    [InlineData("durableEnd", DurableEndAt)]
    [InlineData("kind", KindAt)]
    [InlineData("count", CountAt)]
    [InlineData("crc", EntryCrcAt)]
    [InlineData("partition", PartitionAt)]
    [InlineData("chainCrc", ChainCrcAt)]
    [InlineData("segmentBase", SegmentBaseAt)]
    [InlineData("position", PositionAt)]
    [InlineData("nextOffset", NextOffsetAt)]
    [InlineData("from", FromAt)]
    public void The_tables_give_the_places_of_the_fields(string field, int at)
    {
        string start = $"| {at.ToString(CultureInfo.InvariantCulture)} | ";
        Assert.Contains(
            Page.Split('\n'),
            line => line.StartsWith(start, StringComparison.Ordinal) && line.Split('|')[3].Trim() == field);
    }

    [Fact]
    public void Limits_and_kinds_are_those_of_the_page()
    {
        Assert.Equal((4 << 20) + 233_472, RecoveryLogLimits.EntrySizeMax);
        foreach (RecoveryEntryKind kind in Enum.GetValues<RecoveryEntryKind>())
            Assert.Contains($"| {(int)kind} | {kind.ToString().ToLowerInvariant()} |", Page, StringComparison.Ordinal);
    }

    private static string Find(string path)
    {
        for (string? at = AppContext.BaseDirectory; at is not null; at = Path.GetDirectoryName(at))
        {
            if (File.Exists(Path.Combine(at, path)))
                return Path.Combine(at, path);
        }

        throw new FileNotFoundException(path);
    }
}

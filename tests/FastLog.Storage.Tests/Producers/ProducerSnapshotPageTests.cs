using System.Globalization;
using FastLog.Primitives;
using FastLog.Storage.Disk;
using FastLog.Storage.Producers;

namespace FastLog.Storage.Tests.Producers;

/// <summary>The page producer-snapshot.md: its tables and worked example are the code's layout; nothing else is read.</summary>
public class ProducerSnapshotPageTests
{
    private static readonly MonotonicTime Now = new MonotonicTime(0).Plus(TimeSpan.FromSeconds(1));

    [Fact]
    public void The_example_of_the_page_is_what_is_written_and_read()
    {
        byte[] written = Example();
        string hex = Page().Split("```hex")[1].Split("```")[0];
        Assert.Equal(Convert.ToHexStringLower(written), string.Concat(hex.Where(letter => !char.IsWhiteSpace(letter))));
        Assert.True(ProducerSnapshot.TryDecode(written, Now, out ProducerSnapshot snapshot, out ProducerTable table));
        Assert.Equal(Snapshot(), snapshot);
        ProducerEntry entry = table.Find(7000)!;
        Assert.Equal((1, 2, 43), (entry.Epoch, entry.Count, entry.NextSequence));
        Assert.Equal(new BatchMark(40, 41, new LogOffset(1000)), entry[0]);
        Assert.Equal(new BatchMark(42, 42, new LogOffset(1049)), entry[1]);
        Assert.Equal(250, Now.Since(entry.LastUsed).TotalMilliseconds);
    }

    [Theory]
    [InlineData("topic", ProducerSnapshotLayout.TopicIdAt)]
    [InlineData("partition", ProducerSnapshotLayout.PartitionAt)]
    [InlineData("leaderEpoch", ProducerSnapshotLayout.LeaderEpochAt)]
    [InlineData("logEnd", ProducerSnapshotLayout.LogEndAt)]
    [InlineData("producerCount", ProducerSnapshotLayout.ProducerCountAt)]
    [InlineData("producerId", ProducerSnapshotLayout.ProducerIdAt)]
    [InlineData("idleMs", ProducerSnapshotLayout.IdleMsAt)]
    [InlineData("producerEpoch", ProducerSnapshotLayout.ProducerEpochAt)]
    [InlineData("batchCount", ProducerSnapshotLayout.BatchCountAt)]
    [InlineData("firstSequence", ProducerSnapshotLayout.FirstSequenceAt)]
    [InlineData("lastSequence", ProducerSnapshotLayout.LastSequenceAt)]
    [InlineData("baseOffset", ProducerSnapshotLayout.BaseOffsetAt)]
    public void The_tables_give_the_places_of_the_fields(string field, int at)
    {
        string start = $"| {at.ToString(CultureInfo.InvariantCulture)} | ";
        Assert.Contains(
            Page().Split('\n'),
            line => line.StartsWith(start, StringComparison.Ordinal) && line.Split('|')[3].Trim() == field);
    }

    [Fact]
    public void Magic_and_numbers_are_those_of_the_page()
    {
        Assert.Contains($"0x{ProducerSnapshotLayout.Magic:X8}", Page(), StringComparison.Ordinal);
        Assert.Contains($"goes on at {ProducerSnapshotLayout.HeaderSize}", Page(), StringComparison.Ordinal);
        Assert.Contains($"at most {StorageLimits.ProducersMax:N0}", Page(), StringComparison.Ordinal);
        Assert.Contains($"1 to {StorageLimits.ProducerWindow}", Page(), StringComparison.Ordinal);
        Assert.Contains($"it is {StorageLimits.ProducerSnapshotBytes >> 20} MiB or more", Page(), StringComparison.Ordinal);
        Assert.Contains($"more than {StorageLimits.ProducerSnapshotBytesOfAll >> 20} MiB", Page(), StringComparison.Ordinal);
        Assert.Contains($"at least {StorageLimits.ProducerSnapshotBytesMin >> 10} KiB", Page(), StringComparison.Ordinal);
        Assert.Contains($"after {StorageLimits.ProducerSnapshotsUnflushedMax} others", Page(), StringComparison.Ordinal);
        Assert.Contains($"`<log end in 20 digits>{ProducerSnapshots.Suffix}`", Page(), StringComparison.Ordinal);
    }

    [Fact]
    public void Any_flipped_bit_any_cut_and_any_wrong_field_is_refused()
    {
        byte[] good = Example();
        for (int bit = 0; bit < good.Length * 8; bit++)
        {
            byte[] bad = [.. good];
            bad[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(Reads(bad));
        }

        for (int length = 0; length < good.Length; length++)
            Assert.False(Reads(good[..length]));
        Assert.False(Reads([.. good, 0]));
        foreach ((int at, byte value) in new (int, byte)[]
        {
            (ProducerSnapshotLayout.LogEndAt, 0x80), // a negative log end
            (ProducerSnapshotLayout.ProducerCountAt + 3, 0), // fewer producers than there are
            (ProducerSnapshotLayout.ProducerCountAt + 3, 2), // more
            (ProducerSnapshotLayout.ProducerCountAt, 1), // more than allowed
            (Entry + ProducerSnapshotLayout.ProducerIdAt, 0x80), // a negative id
            (Entry + ProducerSnapshotLayout.IdleMsAt, 0x7f), // an age that no clock has
            (Entry + ProducerSnapshotLayout.ProducerEpochAt, 0x80), // a negative epoch
            (Entry + ProducerSnapshotLayout.BatchCountAt + 1, 0), // no batch
            (Entry + ProducerSnapshotLayout.BatchCountAt + 1, 65), // more batches than the window
            (Batch + ProducerSnapshotLayout.FirstSequenceAt, 0x80), // a negative sequence
            (Batch + ProducerSnapshotLayout.BaseOffsetAt + 6, 5), // an offset above the log end
        })
        {
            byte[] content = good[AtomicFile.HeaderSize..];
            content[at] = value;
            Assert.False(Reads(AtomicFile.Envelope(
                ProducerSnapshotLayout.Magic, ProducerSnapshotLayout.Version, content)));
        }
    }

    private const int Entry = ProducerSnapshotLayout.HeaderSize;

    private const int Batch = Entry + ProducerSnapshotLayout.ProducerSize;

    private static bool Reads(byte[] bytes) => ProducerSnapshot.TryDecode(bytes, Now, out _, out _);

    private static ProducerSnapshot Snapshot() => new(
        new TopicPartition(new TopicId(new Uid128(0x0001020304050607, 0x08090a0b0c0d0e0f)), new PartitionId(3)),
        new LeaderEpoch(2),
        new LogOffset(1050));

    private static byte[] Example()
    {
        var table = new ProducerTable();
        MonotonicTime heard = Now.Plus(-TimeSpan.FromMilliseconds(250));
        ProducerEntry entry = table.Add(7000, 1, 40, heard);
        entry.Remember(new BatchMark(40, 41, new LogOffset(1000)));
        entry.Remember(new BatchMark(42, 42, new LogOffset(1049)));
        table.Add(7001, 0, 5, heard); // refused so far: not written
        return Snapshot().Encode(table, Now);
    }

    private static string Page()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists($"{directory}/FastLog.sln"))
            directory = Path.GetDirectoryName(directory);
        return File.ReadAllText($"{directory}/protocol-spec/disk/producer-snapshot.md");
    }
}

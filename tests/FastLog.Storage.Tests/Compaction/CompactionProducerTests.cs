using System.Text;
using FastLog.Primitives;
using FastLog.Records;
using FastLog.Storage.Producers;
using FastLog.Storage.Tests.Logs;
using static FastLog.Storage.Tests.Producers.ProducerRig;

namespace FastLog.Storage.Tests.Compaction;

/// <summary>What is known of idempotent producers after their records were compacted away.</summary>
public class CompactionProducerTests
{
    private const long Producer = 4_711;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_last_batch_of_a_producer_is_found_and_its_sequence_goes_on_after_its_records_are_gone(bool hasSnapshots)
    {
        StorageRig rig = Begin(out CompactionHistory history);
        for (int i = 0; i < 3; i++)
            AtOffset(3 * i, rig.Append(Batch(3 * i, 3)));
        OverwriteAll(rig);
        history.Compact();
        Assert.Empty(KeysBelow(history, 9));

        // From the table in memory, from a snapshot, and from the headers that are left.
        AtOffset(6, rig.Append(Batch(6, 3)));
        rig.Kill();
        if (!hasSnapshots)
            DeleteSnapshots(rig);
        rig.Start();
        AtOffset(6, rig.Append(Batch(6, 3)));
        Refused(AppendStatus.OutOfOrderSequence, rig.Append(Batch(10, 3)));
        LogOffset end = rig.Log.LogEnd;
        AtOffset(end.Value, rig.Append(Batch(9, 3)));
        Assert.Equal(end.Plus(3), rig.Log.LogEnd);
    }

    [Fact]
    public void Only_the_last_batch_of_a_producer_is_kept_and_goes_when_the_producer_is_forgotten()
    {
        StorageRig rig = Begin(out CompactionHistory history);
        for (int i = 0; i < 20; i++)
            AtOffset(i, rig.Append(Batch(i, 1)));
        OverwriteAll(rig);
        history.Compact();
        Assert.Equal([19L], BatchesOf(rig, Producer));
        history.PassTime(rig.Options.ProducerExpiration * 2);
        OverwriteAll(rig);
        history.Compact();
        Assert.Empty(BatchesOf(rig, Producer));
        rig.Stop();
        Assert.Empty(history.Inspect());
    }

    private static StorageRig Begin(out CompactionHistory history)
    {
        history = new CompactionHistory(41);
        return history.Rig;
    }

    private static byte[] Batch(int sequence, int count) => Keyed(count, new BatchProducer(Producer, 0, sequence));

    /// <summary>Records of the same few keys.</summary>
    private static byte[] Keyed(int count, BatchProducer producer, int valueSize = 10)
    {
        var builder = new BatchBuilder(new byte[1 << 16]);
        for (int i = 0; i < count; i++)
            Assert.True(builder.TryAppend(new Timestamp(1_000), Encoding.UTF8.GetBytes($"key-{i}"), new byte[valueSize]));
        return builder.Build(Codec.None, producer).ToArray();
    }

    /// <summary>Later records of all keys, by nobody, and enough of them that they lie in sealed segments.</summary>
    private static void OverwriteAll(StorageRig rig)
    {
        for (int i = 0; i < 30; i++)
            Assert.Equal(AppendStatus.Ok, rig.Append(Keyed(3, BatchProducer.None, 300)).Status);
    }

    private static IEnumerable<string?> KeysBelow(CompactionHistory history, long offset) =>
        history.ReadReadable().Where(record => record.Offset < offset).Select(record => record.Key);

    private static List<long> BatchesOf(StorageRig rig, long producer)
    {
        var found = new List<long>();
        for (LogOffset next = rig.Log.LogStart; next < rig.Log.ReadableEnd;)
        {
            ReadResult result = rig.Log.Read(next, 20_000, rig.Log.ReadableEnd);
            Assert.Equal(ReadStatus.Ok, result.Status);
            next = result.NextOffset;
            byte[] bytes = new byte[result.Region.Length];
            result.Region.File!.Read(result.Region.Position, bytes);
            result.Region.Release();
            var batches = new BatchReader(bytes, BatchCheck.Checksum);
            while (batches.Read())
            {
                if (batches.Header.ProducerId == producer)
                    found.Add(batches.Header.BaseOffset.Value);
            }
        }

        return found;
    }

    private static void DeleteSnapshots(StorageRig rig)
    {
        string[] paths = [.. rig.Disk.Files().Select(file => file.Path)
            .Where(path => path.EndsWith(ProducerSnapshots.Suffix, StringComparison.Ordinal))];
        Assert.NotEmpty(paths);
        foreach (string path in paths)
            rig.Disk.Attach().DeleteFile(path);
    }
}

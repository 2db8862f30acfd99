using FastLog.Primitives;
using FastLog.Storage.Flushing;

namespace FastLog.Storage.Tests.Logs;

/// <summary>
/// Random appends, reads, look-ups by time, rolls, clean and unclean restarts against a list in memory. Timestamps jump in
/// both directions.
/// </summary>
public class ModelTests
{
    [Theory]
    [InlineData(301, 8 << 10)]
    [InlineData(302, 8 << 10)]
    [InlineData(303, 20 << 10)]
    [InlineData(304, 64 << 10)]
    [InlineData(305, 64 << 10)]
    [InlineData(306, 1 << 20)]
    public void The_log_behaves_as_a_list(ulong seed, long segmentSize)
    {
        var random = new Prng(seed);
        FlushPolicy policy = random.Next(2) == 0 ? FlushPolicy.Ack : FlushPolicy.Os;
        var rig = new StorageRig(seed, new PartitionLogOptions { SegmentSizeMax = segmentSize, Flush = policy });
        var model = new List<TestRecord>();
        rig.Start();
        for (int step = 0; step < 400; step++)
        {
            switch (random.Next(20))
            {
                case 0:
                    rig.Stop();
                    rig.Start();
                    break;
                case 1:
                    rig.Kill();
                    rig.Start();
                    break;
                case < 12:
                    Append(rig, model, random);
                    break;
                case < 16:
                    Read(rig, model, random, $"seed {seed}, step {step}");
                    break;
                default:
                    Find(rig, model, random, $"seed {seed}, step {step}");
                    break;
            }

            Assert.Equal(model.Count, rig.Log.LogEnd.Value);
        }

        Assert.Equal(model, rig.ReadAll(bytesMax: 3_000));
        Assert.Empty(rig.Log.Defects);
        Assert.Empty(rig.Disk.Violations);
        Assert.Equal(rig.Log.SegmentCount > 1, model.Count > 0 && rig.Log.SizeBytes > segmentSize);
    }

    private static void Append(StorageRig rig, List<TestRecord> model, Prng random)
    {
        long timestamp = 1_000 + random.Next(5_000);
        string[] values =
            [.. Enumerable.Range(0, (int)random.Next(1, 6)).Select(i => $"{model.Count + i}" + new string('v', (int)random.Next(500)))];
        AppendResult result = rig.Append(timestamp, values);
        Assert.Equal(AppendStatus.Ok, result.Status);
        Assert.Equal(model.Count, result.BaseOffset.Value);
        foreach (string value in values)
            model.Add(new TestRecord(model.Count, timestamp, value));
    }

    private static void Read(StorageRig rig, List<TestRecord> model, Prng random, string context)
    {
        long from = random.Next(model.Count + 3);
        long end = random.Next(model.Count + 3);
        int bytesMax = (int)random.Next(10_000);
        ReadResult result = rig.Log.Read(new LogOffset(from), bytesMax, new LogOffset(end));
        if (from > model.Count)
        {
            Assert.Equal(ReadStatus.OutOfRange, result.Status);
            return;
        }

        Assert.Equal(ReadStatus.Ok, result.Status);
        if (result.Region.IsEmpty)
        {
            Assert.Equal(from, result.NextOffset.Value);
            return;
        }

        var records = new List<TestRecord>();
        StorageRig.Decode(result, records);
        result.Region.Release();
        Assert.True(records[0].Offset <= from, context);
        Assert.True(records[^1].Offset >= from, context);
        Assert.True(records[^1].Offset < end, context);
        Assert.Equal(model.GetRange((int)records[0].Offset, records.Count), records);
    }

    private static void Find(StorageRig rig, List<TestRecord> model, Prng random, string context)
    {
        long at = 900 + random.Next(5_300);
        OffsetLookup found = rig.Find(at);
        int expected = model.FindIndex(record => record.Timestamp >= at);
        Assert.True(found.Offset.Value == expected, $"{context}: {found.Offset} instead of {expected} for {at}");
        if (expected >= 0)
            Assert.Equal(model[expected].Timestamp, found.Timestamp.UnixMilliseconds);
    }
}

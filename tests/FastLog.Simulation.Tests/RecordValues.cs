using System.Buffers.Binary;
using FastLog.Primitives;
using FastLog.Records;

namespace FastLog.Simulation.Tests;

/// <summary>Records whose bytes follow from one number, so that a read proves the whole record.</summary>
internal static class RecordValues
{
    public static byte[] Make(ulong value)
    {
        var random = new Prng(value);
        byte[] bytes = new byte[sizeof(ulong) + random.Next(random.Chance(0.05) ? 4000 : 200)];
        random.Fill(bytes);
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        return bytes;
    }

    /// <summary>The number of a record; throws when a byte is not what was made.</summary>
    public static ulong Parse(ReadOnlySpan<byte> bytes)
    {
        ulong value = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        Assert.True(bytes.SequenceEqual(Make(value)), $"the record of value {value} holds other bytes");
        return value;
    }

    /// <summary>A batch of the values.</summary>
    public static byte[] MakeBatch(IReadOnlyList<ulong> values, Timestamp timestamp)
    {
        var builder = new BatchBuilder(new byte[64 * 1024]);
        foreach (ulong value in values)
            Assert.True(builder.TryAppend(timestamp, NullableBytes.Null, Make(value)));
        return builder.Build().ToArray();
    }

    /// <summary>All records of concatenated batches; throws at a batch that does not check.</summary>
    public static List<(LogOffset Offset, ulong Value, LeaderEpoch Epoch)> ParseBatches(ReadOnlySpan<byte> bytes)
    {
        var found = new List<(LogOffset, ulong, LeaderEpoch)>();
        using var inflate = new InflateBuffer(BufferPool.Shared);
        var batches = new BatchReader(bytes, BatchCheck.Checksum);
        while (batches.Read())
        {
            Assert.Equal(BatchStatus.Ok, batches.TryOpenRecords(inflate, out RecordReader records));
            while (records.Read())
                found.Add((records.Offset, Parse(records.Value.Span), batches.Header.LeaderEpoch));
            Assert.Equal(BatchStatus.Ok, records.Status);
        }

        Assert.Equal(BatchStatus.Ok, batches.Status);
        return found;
    }
}

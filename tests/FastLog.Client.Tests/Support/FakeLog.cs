using System.Text;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Records;

namespace FastLog.Client.Tests;

/// <summary>A topic of a fake broker.</summary>
internal sealed class FakeTopic(TopicId id, int partitions)
{
    public TopicId Id { get; } = id;

    public List<FakeLog> Partitions { get; } = [.. Enumerable.Range(0, partitions).Select(static _ => new FakeLog())];

    public FakeLog this[int partition] => Partitions[partition];
}

/// <summary>A partition log in memory.</summary>
internal sealed class FakeLog
{
    private readonly List<(LogOffset Base, LogOffset Next, byte[] Bytes)> _batches = [];

    /// <summary>What the log remembers of producers.</summary>
    public FakeProducers Producers { get; } = new();

    public LogOffset Start { get; set; } = LogOffset.Zero;

    public LogOffset End { get; private set; } = LogOffset.Zero;

    /// <summary>All values as text, in order; null for null.</summary>
    public IReadOnlyList<string?> Values => [.. Records().Select(
        static record => record.Value is { } value ? Encoding.UTF8.GetString(value.Span) : null)];

    public int BatchCount => _batches.Count;

    public static IReadOnlyList<int> CountRecords(ReadOnlySpan<byte> batches)
    {
        List<int> counts = [];
        var reader = new BatchReader(batches, BatchCheck.Checksum);
        while (reader.Read())
            counts.Add(reader.Header.RecordCount);
        Assert.Equal(BatchStatus.Ok, reader.Status);
        return counts;
    }

    /// <summary>As a broker appends: all batches or none, each once.</summary>
    public ErrorCode Produce(ReadOnlySpan<byte> batches, out LogOffset first, out LogOffset last)
    {
        List<BatchHeader> headers = [];
        var reader = new BatchReader(batches, BatchCheck.Checksum);
        while (reader.Read())
            headers.Add(reader.Header);
        ErrorCode error = Producers.Judge(headers, End, out LogOffset? known);
        (first, last) = (LogOffset.None, LogOffset.None);
        if (error != ErrorCode.None)
            return error;
        first = known ?? End;
        last = first.Plus(headers.Sum(static header => header.RecordCount) - 1);
        if (known is null)
            Append(batches);
        return error;
    }

    public void Append(ReadOnlySpan<byte> batches)
    {
        var reader = new BatchReader(batches, BatchCheck.Checksum);
        while (reader.Read())
        {
            byte[] batch = reader.Batch.ToArray();
            BatchStamp.Stamp(batch, End, LeaderEpoch.Zero);
            LogOffset next = End.Plus(reader.Header.RecordCount);
            _batches.Add((End, next, batch));
            End = next;
        }

        Assert.Equal(BatchStatus.Ok, reader.Status);
    }

    /// <summary>One batch with these values.</summary>
    public void Append(Codec codec, params string[] values)
    {
        var builder = new BatchBuilder(new byte[64 << 10]);
        var at = new Timestamp(1000 + End.Value);
        foreach (string value in values)
            Assert.True(builder.TryAppend(at, NullableBytes.Null, Encoding.UTF8.GetBytes(value)));
        Append(builder.Build(codec).Span);
    }

    public void CopyFrom(LogOffset from, int bytesMax, MemoryStream destination)
    {
        long begin = destination.Length;
        foreach ((_, LogOffset next, byte[] bytes) in _batches)
        {
            if (next <= from)
                continue;
            if (destination.Length > begin && destination.Length - begin + bytes.Length > bytesMax)
                return;
            destination.Write(bytes);
        }
    }

    public LogOffset Find(Timestamp at)
    {
        foreach (ConsumedRecord record in Records())
        {
            if (record.Timestamp >= at)
                return record.Offset;
        }

        return LogOffset.None;
    }

    public List<ConsumedRecord> Records()
    {
        List<ConsumedRecord> records = [];
        using var inflated = new InflateBuffer(BufferPool.Shared);
        foreach ((_, _, byte[] bytes) in _batches)
        {
            Assert.Equal(BatchStatus.Ok, RecordReader.TryOpen(bytes, inflated, out RecordReader reader));
            while (reader.Read())
                records.Add(ConsumedRecord.Copy("t", new PartitionId(0), reader));
        }

        return records;
    }
}

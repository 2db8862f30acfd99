using FastLog.Primitives;

namespace FastLog.Records.Tests.Compaction;

/// <summary>Records are taken out of batches of all kinds; what is left is compared with what was there.</summary>
public sealed class BatchFilterTests
{
    private const int SizeMax = 1 << 20;
    private static readonly Timestamp Horizon = new(1_800_000_000_123);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void What_is_left_keeps_offsets_timestamps_and_order_in_every_vector(ulong seed)
    {
        var random = new Prng(seed);
        using var filter = new BatchFilter(BufferPool.Shared);
        foreach (BatchVector vector in BatchVector.All.Where(vector => vector.IsReadable && vector.Records.Length > 0))
        {
            List<Seen> before = Read(vector.Bytes, out BatchHeader header);
            HashSet<long> dropped = [.. before.Select(record => record.Offset).Where(_ => random.Next(2) == 0)];
            var judge = new Judge(record => dropped.Contains(record) ? RecordFate.Drop : RecordFate.Keep);
            FilterOutcome outcome = filter.Run(header, vector.Bytes, judge, Horizon);
            string context = $"{vector.Name}, seed {seed}";
            if (dropped.Count == 0)
            {
                Assert.True(outcome == FilterOutcome.Unchanged, context);
                continue;
            }

            Assert.True(outcome == (dropped.Count == before.Count ? FilterOutcome.Emptied : FilterOutcome.Changed), context);
            Assert.Equal(dropped.Count, filter.DroppedCount);
            List<Seen> after = Read(filter.Batch.Span, out BatchHeader left);
            Assert.Equal(before.Where(record => !dropped.Contains(record.Offset)), after);
            Assert.Equal(header.BaseOffset, left.BaseOffset);
            Assert.Equal(header.LastOffset, left.LastOffset);
            Assert.Equal(header.LeaderEpoch, left.LeaderEpoch);
            Assert.Equal(header.Producer, left.Producer);
            Assert.Equal(header.Attributes.IsTransactional, left.Attributes.IsTransactional);
            Assert.Equal(header.Attributes.IsAppendTime, left.Attributes.IsAppendTime);
            if (after.Count > 0)
                Assert.Equal(after.Max(record => record.Timestamp), left.MaxTimestamp.UnixMilliseconds);
        }
    }

    [Theory]
    [InlineData(BatchFilter.ExpectedMax - 1)]
    [InlineData(BatchFilter.ExpectedMax)]
    [InlineData((3 * BatchFilter.ExpectedMax) + 1)]
    public void A_filter_is_told_of_all_records_before_it_judges_them(int count)
    {
        var builder = new BatchBuilder(new byte[SizeMax]);
        for (int i = 0; i < count; i++)
            Assert.True(builder.TryAppend(new Timestamp(i), "k"u8, "v"u8));
        byte[] batch = builder.Build(Codec.None).ToArray();
        using var filter = new BatchFilter(BufferPool.Shared);
        Assert.Equal(BatchStatus.Ok, BatchHeader.TryRead(batch, out BatchHeader header));
        int judged = 0;
        var judge = new Judge(_ => judged++ % 2 == 0 ? RecordFate.Keep : RecordFate.Drop);
        Assert.Equal(FilterOutcome.Changed, filter.Run(header, batch, judge, Horizon));
        Assert.Equal(count, judged);
        Assert.Equal(count / 2, filter.DroppedCount);
    }

    [Fact]
    public void A_batch_without_records_left_is_what_Kafka_writes()
    {
        BatchVector vector = BatchVector.All.Single(vector => vector.Name == "emptied-0");
        var builder = new BatchBuilder(new byte[4096]);
        for (int i = 0; i < 5; i++)
            Assert.True(builder.TryAppend(new Timestamp(1_700_000_000_000), "k"u8, "v"u8));
        byte[] batch = builder.Build(Codec.None, new BatchProducer(4000, 3, 7)).ToArray();
        BatchStamp.Stamp(batch, new LogOffset(100), new LeaderEpoch(5));
        using var filter = new BatchFilter(BufferPool.Shared);
        Assert.Equal(BatchStatus.Ok, BatchHeader.TryRead(batch, out BatchHeader header));
        Assert.Equal(FilterOutcome.Emptied, filter.Run(header, batch, new Judge(_ => RecordFate.Drop), Horizon));
        Assert.Equal(Convert.ToHexString(vector.Bytes), Convert.ToHexString(filter.Batch.Span));
    }

    [Theory]
    [InlineData(Codec.None)]
    [InlineData(Codec.Gzip)]
    public void A_delete_horizon_takes_the_base_timestamp_and_leaves_the_records_times(Codec codec)
    {
        byte[] batch = Batch(codec, 40);
        List<Seen> before = Read(batch, out BatchHeader header);
        using var filter = new BatchFilter(BufferPool.Shared);
        var judge = new Judge(offset => offset % 3 == 0 ? RecordFate.Drop : RecordFate.KeepUntilHorizon);
        Assert.Equal(FilterOutcome.Changed, filter.Run(header, batch, judge, Horizon));
        byte[] stamped = filter.Batch.ToArray();
        List<Seen> after = Read(stamped, out BatchHeader left);
        Assert.Equal(before.Where(record => record.Offset % 3 != 0), after);
        Assert.True(left.Attributes.HasDeleteHorizon);
        Assert.Equal(Horizon, left.BaseTimestamp);
        Assert.Equal(codec, left.Codec);

        // A second pass finds the horizon there and leaves it.
        judge = new Judge(_ => RecordFate.KeepUntilHorizon);
        Assert.Equal(FilterOutcome.Unchanged, filter.Run(left, stamped, judge, new Timestamp(1)));
    }

    [Fact]
    public void A_compressed_batch_is_compressed_again()
    {
        byte[] batch = Batch(Codec.Gzip, 200);
        Assert.Equal(BatchStatus.Ok, BatchHeader.TryRead(batch, out BatchHeader header));
        Assert.Equal(Codec.Gzip, header.Codec);
        using var filter = new BatchFilter(BufferPool.Shared);
        var judge = new Judge(offset => offset % 2 == 0 ? RecordFate.Drop : RecordFate.Keep);
        Assert.Equal(FilterOutcome.Changed, filter.Run(header, batch, judge, Horizon));
        Assert.Equal(100, Read(filter.Batch.Span, out BatchHeader left).Count);
        Assert.Equal(Codec.Gzip, left.Codec);
        Assert.True(left.BatchSize < header.BatchSize);
    }

    [Fact]
    public void Records_that_do_not_read_to_their_end_are_damage_and_nothing_is_decided()
    {
        byte[] batch = Batch(Codec.None, 10);
        Assert.Equal(BatchStatus.Ok, BatchHeader.TryRead(batch, out BatchHeader header));
        using var filter = new BatchFilter(BufferPool.Shared);
        for (int at = BatchHeaderLayout.HeaderSize; at < batch.Length; at++)
        {
            byte[] damaged = (byte[])batch.Clone();
            damaged[at] ^= 0xff;
            FilterOutcome outcome = filter.Run(header, damaged, new Judge(_ => RecordFate.Drop), Horizon);
            Assert.True(outcome is FilterOutcome.Damaged or FilterOutcome.Emptied);
            Assert.Equal(outcome == FilterOutcome.Damaged, filter.Status != BatchStatus.Ok);
        }
    }

    [Fact]
    public void A_gap_batch_spans_its_offsets_and_reads_as_nothing()
    {
        byte[] gap = new byte[GapBatch.Size];
        GapBatch.Write(gap, new LogOffset(70), new LogOffset(170), new LeaderEpoch(3));
        Assert.Empty(Read(gap, out BatchHeader header));
        Assert.Equal(70, header.BaseOffset.Value);
        Assert.Equal(170, header.NextOffset.Value);
        Assert.Equal(3, header.LeaderEpoch.Value);
        Assert.True(GapBatch.IsOne(header));
        GapBatch.Write(gap, LogOffset.Zero, new LogOffset(1L << 31), LeaderEpoch.Zero);
        Assert.Empty(Read(gap, out header));
        Assert.Equal(1L << 31, header.NextOffset.Value);
        foreach (BatchVector vector in BatchVector.All)
        {
            Assert.Equal(BatchStatus.Ok, BatchHeader.TryRead(vector.Bytes, out header));
            Assert.False(GapBatch.IsOne(header), vector.Name);
        }
    }

    private static byte[] Batch(Codec codec, int count)
    {
        var builder = new BatchBuilder(new byte[1 << 16]);
        for (int i = 0; i < count; i++)
        {
            byte[] key = System.Text.Encoding.UTF8.GetBytes($"key-{i % 7}");
            NullableBytes value = i % 4 == 0 ? NullableBytes.Null : key;
            Assert.True(builder.TryAppend(new Timestamp(1_700_000_000_000 + (i * 37 % 11) - 5), key, value));
        }

        byte[] batch = builder.Build(codec).ToArray();
        BatchStamp.Stamp(batch, new LogOffset(300), new LeaderEpoch(2));
        return batch;
    }

    private static List<Seen> Read(ReadOnlySpan<byte> batch, out BatchHeader header)
    {
        Assert.Equal(BatchStatus.Ok, BatchValidator.ValidateStored(batch, SizeMax, out header));
        using var buffer = new InflateBuffer(BufferPool.Shared);
        Assert.Equal(BatchStatus.Ok, RecordReader.TryOpen(batch, buffer, out RecordReader records));
        var seen = new List<Seen>();
        while (records.Read())
        {
            var headers = new List<string>();
            RecordHeaderReader reader = records.Headers;
            while (reader.Read())
                headers.Add($"{Convert.ToHexString(reader.Key)}={Text(reader.Value)}");
            seen.Add(new Seen(
                records.Offset.Value,
                records.Timestamp.UnixMilliseconds,
                Text(records.Key),
                Text(records.Value),
                string.Join(';', headers)));
        }

        Assert.Equal(BatchStatus.Ok, records.Status);
        return seen;
    }

    private static string Text(NullableBytes bytes) => bytes.IsNull ? "null" : Convert.ToHexString(bytes.Span);

    private readonly record struct Seen(long Offset, long Timestamp, string Key, string Value, string Headers);

    private sealed class Judge(Func<long, RecordFate> fate) : IRecordFilter
    {
        private readonly Queue<long> _expected = new();

        void IRecordFilter.Expect(in BatchHeader header, RecordReader ahead, int countMax)
        {
            Assert.Empty(_expected);
            while (_expected.Count < countMax && ahead.Read())
                _expected.Enqueue(ahead.Offset.Value);
        }

        RecordFate IRecordFilter.Judge(in BatchHeader header, scoped in RecordReader record)
        {
            Assert.Equal(_expected.Dequeue(), record.Offset.Value);
            return fate(record.Offset.Value);
        }
    }
}

using FastLog.Primitives;

namespace FastLog.Records.Tests;

public sealed class BatchBuilderTests
{
    private static readonly Timestamp Time = new(1_700_000_000_000);

    [Fact]
    public void A_record_that_does_not_fit_changes_nothing()
    {
        byte[] value = new byte[40];
        int room = (int)BatchBuilder.BatchSizeFor(NullableBytes.Null, value);
        var builder = new BatchBuilder(new byte[room]);
        Assert.True(builder.HasRoomFor(Time, NullableBytes.Null, value));
        Assert.True(builder.TryAppend(Time, NullableBytes.Null, value));
        Assert.Equal(room, builder.Size);
        Assert.Equal(0, builder.FreeSize);
        Assert.False(builder.HasRoomFor(Time, NullableBytes.Null, NullableBytes.Null));
        Assert.False(builder.TryAppend(new Timestamp(long.MaxValue), NullableBytes.Null, NullableBytes.Null));
        Assert.Equal(1, builder.RecordCount);
        Assert.Equal(Time, builder.MaxTimestamp);
    }

    [Fact]
    public void No_byte_is_written_outside_of_the_given_memory()
    {
        const byte mark = 0xA5;
        byte[] value = new byte[33];
        for (int size = BatchHeaderLayout.HeaderSize; size < 400; size++)
        {
            byte[] array = new byte[size + 20];
            array.AsSpan().Fill(mark);
            var builder = new BatchBuilder(array.AsMemory(10, size));
            while (builder.TryAppend(Time, value.AsSpan(0, 5), value))
                Assert.True(builder.Size <= size);
            if (builder.RecordCount > 0)
                Assert.Equal(builder.Build(Codec.Gzip).Length, builder.Size);
            Assert.All(array[..10], left => Assert.Equal(mark, left));
            Assert.All(array[^10..], left => Assert.Equal(mark, left));
        }
    }

    [Fact]
    public void Base_and_max_timestamp_follow_the_records()
    {
        var builder = new BatchBuilder(new byte[500]);
        Assert.Equal(Timestamp.None, builder.BaseTimestamp);
        Assert.Equal(Timestamp.None, builder.MaxTimestamp);
        foreach (long at in (long[])[100, 50, 300, 200])
            Assert.True(builder.TryAppend(new Timestamp(at), "k"u8, "v"u8));
        Assert.Equal(new Timestamp(100), builder.BaseTimestamp);
        Assert.Equal(new Timestamp(300), builder.MaxTimestamp);
        Assert.Equal(BatchStatus.Ok, BatchHeader.TryRead(builder.Build().Span, out BatchHeader header));
        Assert.Equal(new Timestamp(100), header.BaseTimestamp);
        Assert.Equal(new Timestamp(300), header.MaxTimestamp);
        Assert.Equal(4, header.RecordCount);
        Assert.Equal(BatchProducer.None, header.Producer);
    }

    [Fact]
    public void Timestamps_at_both_ends_of_the_range_come_back()
    {
        long[] times = [long.MinValue, long.MaxValue, 0, -1, long.MaxValue, long.MinValue];
        using var buffer = new InflateBuffer(BufferPool.Shared);
        for (int first = 0; first < times.Length; first++)
        {
            var builder = new BatchBuilder(new byte[500]);
            foreach (long at in times[first..])
                Assert.True(builder.TryAppend(new Timestamp(at), "k"u8, "v"u8));
            Assert.Equal(BatchStatus.Ok, RecordReader.TryOpen(builder.Build().Span, buffer, out RecordReader records));
            foreach (long at in times[first..])
            {
                Assert.True(records.Read());
                Assert.Equal(at, records.Timestamp.UnixMilliseconds);
            }
        }
    }

    [Fact]
    public void A_built_batch_takes_no_more_until_the_next_is_begun()
    {
        byte[] array = new byte[200];
        var builder = new BatchBuilder(array);
        Assert.Throws<InvalidOperationException>(() => builder.Build());
        Assert.True(builder.TryAppend(Time, "k"u8, "v"u8));
        byte[] first = builder.Build().ToArray();
        Assert.Throws<InvalidOperationException>(() => builder.Build());
        Assert.Throws<InvalidOperationException>(() => builder.TryAppend(Time, (byte[]?)null, (byte[]?)null));
        builder.Reset(array);
        Assert.Equal(0, builder.RecordCount);
        Assert.True(builder.TryAppend(Time, "k"u8, "v"u8));
        Assert.Equal(first, builder.Build().ToArray());
    }

    [Fact]
    public void Memory_without_room_for_a_header_is_refused() =>
        Assert.Throws<ArgumentException>(() => new BatchBuilder(new byte[BatchHeaderLayout.HeaderSize - 1]));

    [Fact]
    public void Nothing_is_allocated_for_a_record()
    {
        // A collection that another test causes charges the rest of this thread's allocation buffer to it, so the least
        // of a few rounds counts; what a record allocates would be in each of them.
        byte[] array = new byte[1 << 20];
        var builder = new BatchBuilder(array);
        using var buffer = new InflateBuffer(BufferPool.Shared);
        long least = long.MaxValue;
        for (int round = 0; round < 10; round++)
            least = Math.Min(least, AllocatedByOneBatch(builder, array, buffer));
        Assert.Equal(0, least);
    }

    private static long AllocatedByOneBatch(BatchBuilder builder, byte[] array, InflateBuffer buffer)
    {
        const int count = 1000;
        byte[] value = new byte[100];
        long before = GC.GetAllocatedBytesForCurrentThread();
        builder.Reset(array);
        for (int i = 0; i < count; i++)
            builder.TryAppend(Time, value.AsSpan(0, 2), value);
        BatchStatus opened = RecordReader.TryOpen(builder.Build().Span, buffer, out RecordReader records);
        int read = 0;
        while (records.Read())
            read += records.Value.Span.Length;
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(BatchStatus.Ok, opened);
        Assert.Equal(count * value.Length, read);
        return allocated;
    }
}

using System.Buffers.Binary;
using FastLog.Primitives;

namespace FastLog.Records.Tests;

public sealed class CompressionTests
{
    private static readonly Timestamp Time = new(1_700_000_000_000);

    [Fact]
    public void Every_codec_is_found_by_its_name()
    {
        foreach (Codec codec in Enum.GetValues<Codec>())
        {
            Assert.True(Compression.IsKnown(codec));
            Assert.True(Compression.TryParse(Compression.NameOf(codec), out Codec found));
            Assert.Equal(codec, found);
        }

        Assert.False(Compression.TryParse("gzip2", out _));
        Assert.False(Compression.IsKnown((Codec)5));
        Assert.False(Compression.IsAvailable((Codec)5));
    }

    [Fact]
    public void Records_that_shrink_are_compressed_and_come_back()
    {
        byte[] value = new byte[1000];
        byte[] batch = Build(value, 500, out int plainSize);
        Assert.True(batch.Length < plainSize / 10);
        var limits = new BatchLimits(1 << 20, Time);
        Assert.Equal(BatchStatus.Ok, BatchValidator.Validate(batch, limits, out BatchHeader header));
        Assert.Equal(Codec.Gzip, header.Codec);
        using var buffer = new InflateBuffer(BufferPool.Shared);
        Assert.Equal(BatchStatus.Ok, RecordReader.TryOpen(batch, buffer, out RecordReader records));
        int count = 0;
        for (; records.Read(); count++)
            Assert.True(records.Value.Span.SequenceEqual(value));
        Assert.Equal(500, count);
        Assert.Equal(BatchStatus.Ok, records.Status);
    }

    [Fact]
    public void Records_that_do_not_shrink_stay_as_they_are()
    {
        byte[] value = new byte[1000];
        new Prng(3).Fill(value);
        byte[] batch = Build(value, 1, out int plainSize);
        Assert.Equal(plainSize, batch.Length);
        Assert.Equal(BatchStatus.Ok, BatchValidator.ValidateStored(batch, 1 << 20, out BatchHeader header));
        Assert.Equal(Codec.None, header.Codec);
    }

    [Fact]
    public void Inflating_stops_at_the_limit_of_size()
    {
        byte[] batch = Build(new byte[1000], 500, out int plainSize);
        int recordsSize = plainSize - BatchHeaderLayout.HeaderSize;
        using var enough = new InflateBuffer(BufferPool.Shared, recordsSize);
        Assert.Equal(BatchStatus.Ok, RecordReader.TryOpen(batch, enough, out _));
        using var tooSmall = new InflateBuffer(BufferPool.Shared, recordsSize - 1);
        Assert.Equal(BatchStatus.InflatedTooLarge, RecordReader.TryOpen(batch, tooSmall, out _));
        using var tiny = new InflateBuffer(BufferPool.Shared, 1);
        Assert.Equal(BatchStatus.InflatedTooLarge, RecordReader.TryOpen(batch, tiny, out _));
        Assert.True(tiny.Memory.IsEmpty);
    }

    [Fact]
    public void The_limit_by_ratio_begins_above_the_free_size()
    {
        Assert.Equal(RecordLimits.InflatedSizeFree, Compression.InflatedSizeMax(1, int.MaxValue));
        Assert.Equal(100, Compression.InflatedSizeMax(1, 100));
        Assert.Equal(1 << 28, Compression.InflatedSizeMax(1 << 20, int.MaxValue));
        Assert.Equal(1 << 26, Compression.InflatedSizeMax(1 << 30, 1 << 26));
    }

    [Fact]
    public void What_the_builder_compresses_its_own_reader_takes()
    {
        // Zeros shrink a thousandfold: above the free size that is past the ratio, so they must stay as they are.
        var builder = new BatchBuilder(new byte[RecordLimits.InflatedSizeFree + (1 << 20)]);
        byte[] value = new byte[1 << 20];
        while (builder.TryAppend(Time, NullableBytes.Null, value))
        {
        }

        Memory<byte> batch = builder.Build(Codec.Gzip);
        using var buffer = new InflateBuffer(BufferPool.Shared);
        Assert.Equal(BatchStatus.Ok, RecordReader.TryOpen(batch.Span, buffer, out RecordReader records));
        while (records.Read())
            Assert.Equal(value.Length, records.Value.Span.Length);
        Assert.Equal(BatchStatus.Ok, records.Status);
    }

    [Fact]
    public void Damaged_compressed_bytes_give_a_status()
    {
        byte[] batch = Build(new byte[1000], 20, out _);
        batch[BatchHeaderLayout.HeaderSize] ^= 0xFF;
        using var buffer = new InflateBuffer(BufferPool.Shared);
        Assert.Equal(BatchStatus.CompressionInvalid, RecordReader.TryOpen(batch, buffer, out _));
    }

    [Fact]
    public void A_cut_compressed_block_is_refused_or_has_lost_nothing_of_the_records()
    {
        // The inflater may not notice that the end mark of the last block or the trailer is missing: 16 bytes at most.
        const int endSize = 16;
        byte[] value = new byte[1000];
        byte[] batch = Build(value, 20, out _);
        using var buffer = new InflateBuffer(BufferPool.Shared);
        for (int size = BatchHeaderLayout.HeaderSize; size < batch.Length; size++)
        {
            byte[] cut = batch[..size];
            BinaryPrimitives.WriteInt32BigEndian(
                cut.AsSpan(BatchHeaderLayout.LengthAt), size - BatchHeaderLayout.LengthPrefixSize);
            BatchStatus status = RecordReader.TryOpen(cut, buffer, out RecordReader records);
            int count = 0;
            for (; status == BatchStatus.Ok && records.Read(); count++)
                Assert.True(records.Value.Span.SequenceEqual(value));
            if (status == BatchStatus.Ok && records.Status == BatchStatus.Ok)
                Assert.Equal((20, true), (count, size >= batch.Length - endSize));
        }
    }

    [Fact]
    public void One_buffer_serves_batch_after_batch_and_gives_its_memory_back()
    {
        var pool = new BufferPool();
        using (var buffer = new InflateBuffer(pool))
        {
            foreach (int count in (int[])[500, 5, 900, 1])
            {
                byte[] batch = Build(new byte[1000], count, out _);
                Assert.Equal(BatchStatus.Ok, RecordReader.TryOpen(batch, buffer, out RecordReader records));
                int read = 0;
                while (records.Read())
                    read++;
                Assert.Equal(count, read);
                Assert.Equal(BatchStatus.Ok, records.Status);
            }
        }

        Assert.Equal(0, pool.RentedBytes);
    }

    private static byte[] Build(byte[] value, int count, out int plainSize)
    {
        var builder = new BatchBuilder(new byte[1 << 20]);
        for (int i = 0; i < count; i++)
            Assert.True(builder.TryAppend(Time, "key"u8, value));
        plainSize = builder.Size;
        return builder.Build(Codec.Gzip).ToArray();
    }
}

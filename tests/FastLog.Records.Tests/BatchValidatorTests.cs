using System.Buffers.Binary;
using FastLog.Primitives;

namespace FastLog.Records.Tests;

/// <summary>One field is wrong at a time, under a right CRC, and the status must name it.</summary>
public sealed class BatchValidatorTests
{
    private static readonly Timestamp Now = new(1_700_000_000_000);
    private static readonly BatchLimits Limits = BatchLimits.At(Now, 1000, TimeSpan.FromMinutes(1));

    [Fact]
    public void A_good_batch_is_taken()
    {
        Assert.Equal(BatchStatus.Ok, BatchValidator.Validate(Good(), Limits, out BatchHeader header));
        Assert.Equal(3, header.RecordCount);
        Assert.Equal(new LogOffset(3), header.NextOffset);
    }

    [Theory]
    [InlineData(BatchAttributes.AppendTimeBit, BatchStatus.AppendTimeForbidden)]
    [InlineData(BatchAttributes.TransactionalBit, BatchStatus.TransactionalForbidden)]
    [InlineData(BatchAttributes.ControlBit, BatchStatus.ControlForbidden)]
    [InlineData(BatchAttributes.DeleteHorizonBit, BatchStatus.DeleteHorizonForbidden)]
    [InlineData(5, BatchStatus.CodecUnknown)]
    [InlineData(7, BatchStatus.CodecUnknown)]
    [InlineData(1 << 7, BatchStatus.AttributesUnknown)]
    [InlineData(short.MinValue, BatchStatus.AttributesUnknown)]
    public void Attributes_that_are_not_for_clients_are_refused(short attributes, BatchStatus expected) =>
        AssertRefused(expected, batch => Write16(batch, BatchHeaderLayout.AttributesAt, attributes));

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(int.MinValue)]
    [InlineData(int.MaxValue)]
    [InlineData(RecordLimits.RecordCountMax + 1)]
    public void A_record_count_out_of_range_is_refused(int count) =>
        AssertRefused(BatchStatus.RecordCountInvalid, batch => Write32(batch, BatchHeaderLayout.RecordCountAt, count));

    [Fact]
    public void More_records_than_the_bytes_can_hold_are_refused() =>
        AssertRefused(BatchStatus.RecordCountInvalid, batch =>
        {
            int count = ((batch.Length - BatchHeaderLayout.HeaderSize) / RecordLimits.RecordSizeMin) + 1;
            Write32(batch, BatchHeaderLayout.RecordCountAt, count);
            Write32(batch, BatchHeaderLayout.LastOffsetDeltaAt, count - 1);
        });

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(int.MaxValue)]
    public void Offsets_that_are_not_dense_are_refused(int lastOffsetDelta) =>
        AssertRefused(
            BatchStatus.LastOffsetDeltaInvalid,
            batch => Write32(batch, BatchHeaderLayout.LastOffsetDeltaAt, lastOffsetDelta));

    [Fact]
    public void A_timestamp_is_taken_up_to_the_limit_and_refused_above_it()
    {
        long latest = Now.UnixMilliseconds + 60_000;
        byte[] batch = Good();
        Write64(batch, BatchHeaderLayout.MaxTimestampAt, latest);
        Assert.Equal(BatchStatus.Ok, BatchValidator.Validate(Reseal(batch), Limits));
        Write64(batch, BatchHeaderLayout.MaxTimestampAt, latest + 1);
        Assert.Equal(BatchStatus.TimestampInvalid, BatchValidator.Validate(Reseal(batch), Limits));
        Write64(batch, BatchHeaderLayout.MaxTimestampAt, Now.UnixMilliseconds - 1);
        Assert.Equal(BatchStatus.TimestampInvalid, BatchValidator.Validate(Reseal(batch), Limits));
    }

    [Fact]
    public void Limits_at_the_end_of_time_do_not_overflow() =>
        Assert.Equal(
            new Timestamp(long.MaxValue),
            BatchLimits.At(new Timestamp(long.MaxValue - 5), 1000, TimeSpan.FromHours(1)).TimestampMax);

    [Theory]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue)]
    public void A_base_offset_that_could_overflow_is_refused(long baseOffset) =>
        AssertRefused(
            BatchStatus.BaseOffsetInvalid,
            batch => Write64(batch, BatchHeaderLayout.BaseOffsetAt, baseOffset));

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(48)]
    [InlineData(int.MaxValue)]
    public void A_length_that_cannot_be_is_refused(int length) =>
        AssertRefused(BatchStatus.SizeInvalid, batch => Write32(batch, BatchHeaderLayout.LengthAt, length));

    [Fact]
    public void Another_magic_is_refused_even_when_the_header_is_cut()
    {
        byte[] batch = Good();
        batch[BatchHeaderLayout.MagicAt] = 1;
        Assert.Equal(BatchStatus.MagicUnknown, BatchValidator.Validate(batch, Limits));
        Assert.Equal(BatchStatus.MagicUnknown, BatchHeader.TryRead(batch.AsSpan(0, BatchHeaderLayout.CrcAt), out _));
    }

    [Fact]
    public void A_batch_over_the_limit_is_refused_before_its_bytes_are_there()
    {
        byte[] batch = Good();
        Write32(batch, BatchHeaderLayout.LengthAt, 1000 - BatchHeaderLayout.LengthPrefixSize + 1);
        Assert.Equal(BatchStatus.TooLarge, BatchValidator.Validate(batch, Limits));
        Write32(batch, BatchHeaderLayout.LengthAt, 1000 - BatchHeaderLayout.LengthPrefixSize);
        Assert.Equal(BatchStatus.NeedMoreData, BatchValidator.Validate(batch, Limits));
    }

    [Fact]
    public void Bytes_after_the_batch_are_refused() =>
        Assert.Equal(BatchStatus.TrailingBytes, BatchValidator.Validate([.. Good(), 0], Limits));

    [Theory]
    [InlineData(5, -1, -1)]
    [InlineData(5, 0, -1)]
    [InlineData(-1, 0, -1)]
    [InlineData(-2, -1, -1)]
    public void A_producer_that_is_half_there_is_refused(long id, short epoch, int sequence) =>
        AssertRefused(BatchStatus.ProducerInvalid, batch =>
        {
            Write64(batch, BatchHeaderLayout.ProducerIdAt, id);
            Write16(batch, BatchHeaderLayout.ProducerEpochAt, epoch);
            Write32(batch, BatchHeaderLayout.BaseSequenceAt, sequence);
        });

    [Fact]
    public void What_the_leader_stamps_is_outside_of_the_crc()
    {
        byte[] batch = Good();
        BatchStamp.Stamp(batch, new LogOffset(1L << 40), new LeaderEpoch(77));
        Assert.Equal(BatchStatus.Ok, BatchValidator.ValidateStored(batch, 1000, out BatchHeader header));
        Assert.Equal(new LogOffset(1L << 40), header.BaseOffset);
        Assert.Equal(new LeaderEpoch(77), header.LeaderEpoch);
    }

    [Fact]
    public void A_stored_batch_may_have_gaps_but_not_more_records_than_offsets()
    {
        byte[] batch = Good();
        Write32(batch, BatchHeaderLayout.LastOffsetDeltaAt, 100);
        Assert.Equal(BatchStatus.Ok, BatchValidator.ValidateStored(Reseal(batch), 1000, out _));
        Write32(batch, BatchHeaderLayout.LastOffsetDeltaAt, 1);
        Assert.Equal(BatchStatus.RecordCountInvalid, BatchValidator.ValidateStored(Reseal(batch), 1000, out _));
    }

    [Fact]
    public void Append_time_gives_every_record_the_max_timestamp()
    {
        byte[] batch = Good();
        Write16(batch, BatchHeaderLayout.AttributesAt, BatchAttributes.AppendTimeBit);
        Write64(batch, BatchHeaderLayout.MaxTimestampAt, 123);
        using var buffer = new InflateBuffer(BufferPool.Shared);
        Assert.Equal(BatchStatus.Ok, RecordReader.TryOpen(Reseal(batch), buffer, out RecordReader records));
        while (records.Read())
            Assert.Equal(new Timestamp(123), records.Timestamp);
    }

    private static void AssertRefused(BatchStatus expected, Action<byte[]> damage)
    {
        byte[] batch = Good();
        damage(batch);
        Assert.Equal(expected, BatchValidator.Validate(Reseal(batch), Limits));
    }

    private static byte[] Good()
    {
        var builder = new BatchBuilder(new byte[500]);
        for (int i = 0; i < 3; i++)
            Assert.True(builder.TryAppend(Now, "key"u8, "value"u8));
        return builder.Build().ToArray();
    }

    private static byte[] Reseal(byte[] batch)
    {
        uint crc = Crc32C.Compute(batch.AsSpan(BatchHeaderLayout.CrcCoversFrom));
        BinaryPrimitives.WriteUInt32BigEndian(batch.AsSpan(BatchHeaderLayout.CrcAt), crc);
        return batch;
    }

    private static void Write16(byte[] batch, int at, short value) =>
        BinaryPrimitives.WriteInt16BigEndian(batch.AsSpan(at), value);

    private static void Write32(byte[] batch, int at, int value) =>
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(at), value);

    private static void Write64(byte[] batch, int at, long value) =>
        BinaryPrimitives.WriteInt64BigEndian(batch.AsSpan(at), value);
}

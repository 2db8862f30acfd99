using System.Text.Json;
using FastLog.Primitives;

namespace FastLog.Records.Tests;

/// <summary>Batches that another implementation wrote, read and written again.</summary>
public sealed class BatchVectorTests
{
    private const int SizeMax = 1 << 20;
    private static readonly BatchLimits Limits = new(SizeMax, new Timestamp(long.MaxValue));

    [Fact]
    public void Every_header_has_the_meaning_given_there()
    {
        Assert.NotEmpty(BatchVector.All);
        foreach (BatchVector vector in BatchVector.All)
        {
            Assert.Equal(BatchStatus.Ok, BatchValidator.ValidateStored(vector.Bytes, SizeMax, out BatchHeader header));
            Assert.Equal(vector.Number("baseOffset"), header.BaseOffset.Value);
            Assert.Equal(vector.Number("lastOffset"), header.LastOffset.Value);
            Assert.Equal(vector.Number("sizeInBytes"), header.BatchSize);
            Assert.Equal(vector.Number("partitionLeaderEpoch"), header.LeaderEpoch.Value);
            Assert.Equal(vector.Number("crc"), header.Crc);
            Assert.Equal(vector.Number("baseTimestamp"), header.BaseTimestamp.UnixMilliseconds);
            Assert.Equal(vector.Number("maxTimestamp"), header.MaxTimestamp.UnixMilliseconds);
            Assert.Equal(vector.Number("producerId"), header.ProducerId);
            Assert.Equal(vector.Number("producerEpoch"), header.ProducerEpoch);
            Assert.Equal(vector.Number("baseSequence"), header.BaseSequence);
            Assert.Equal(vector.Number("recordCount"), header.RecordCount);
            Assert.Equal(vector.CodecName, Compression.NameOf(header.Codec));
            Assert.Equal(vector.IsTransactional, header.Attributes.IsTransactional);
            Assert.Equal(vector.IsControl, header.Attributes.IsControl);
            bool appendTime = vector.Json.GetProperty("timestampType").GetString() == "LogAppendTime";
            Assert.Equal(appendTime, header.Attributes.IsAppendTime);
            bool horizon = vector.Json.GetProperty("deleteHorizonMs").ValueKind != JsonValueKind.Null;
            Assert.Equal(horizon, header.Attributes.HasDeleteHorizon);
        }
    }

    [Fact]
    public void Every_record_has_the_meaning_given_there() => AssertRecords(vector => vector.IsReadable);

    [NeedsCodecTheory]
    [InlineData("snappy")]
    [InlineData("lz4")]
    [InlineData("zstd")]
    public void Records_of_the_other_codecs_have_the_meaning_given_there(string codec) =>
        AssertRecords(vector => vector.CodecName == codec);

    [Fact]
    public void A_broker_stores_every_codec_whether_or_not_it_can_inflate_it()
    {
        BatchVector[] others = [.. BatchVector.All.Where(vector => !vector.IsReadable)];
        Assert.Equal(["snappy", "lz4", "zstd"], others.Select(vector => vector.CodecName));
        foreach (BatchVector vector in others)
            Assert.Equal(BatchStatus.Ok, BatchValidator.Validate(vector.Bytes, Limits));
    }

    [Fact]
    public void A_broker_takes_what_clients_sent_and_no_more()
    {
        foreach (BatchVector vector in BatchVector.All.Where(vector => vector.IsReadable))
        {
            BatchStatus expected = BatchStatus.Ok;
            if (vector.IsControl)
                expected = BatchStatus.ControlForbidden;
            else if (vector.IsTransactional)
                expected = BatchStatus.TransactionalForbidden;
            else if (vector.Name == "append-time-0")
                expected = BatchStatus.AppendTimeForbidden;
            else if (vector.Name == "emptied-0")
                expected = BatchStatus.RecordCountInvalid;
            else if (vector.Name == "compacted-0")
                expected = BatchStatus.LastOffsetDeltaInvalid;
            Assert.Equal(expected, BatchValidator.Validate(vector.Bytes, Limits));
        }
    }

    [Fact]
    public void Writing_the_records_of_a_client_again_gives_the_same_bytes()
    {
        BatchVector[] rebuilt =
        [
            .. BatchVector.All.Where(vector => vector.CodecName == "none")
                .Where(vector => vector.IsOfClient || (vector.IsTransactional && !vector.IsControl)),
        ];
        Assert.Equal(7, rebuilt.Length);
        foreach (BatchVector vector in rebuilt)
        {
            Assert.Equal(BatchStatus.Ok, BatchHeader.TryRead(vector.Bytes, out BatchHeader header));
            var builder = new BatchBuilder(new byte[vector.Bytes.Length]);
            foreach (JsonElement record in vector.Records)
            {
                var timestamp = new Timestamp(record.GetProperty("timestamp").GetInt64());
                NullableBytes key = BatchVector.Hex(record.GetProperty("key"));
                NullableBytes value = BatchVector.Hex(record.GetProperty("value"));
                Assert.True(builder.HasRoomFor(timestamp, key, value, HeadersOf(record)));
                Assert.True(builder.TryAppend(timestamp, key, value, HeadersOf(record)));
            }

            Memory<byte> batch = builder.Build(Codec.None, header.Producer, vector.IsTransactional);
            BatchStamp.Stamp(batch.Span, header.BaseOffset, header.LeaderEpoch);
            Assert.Equal(Convert.ToHexString(vector.Bytes), Convert.ToHexString(batch.Span));
        }
    }

    [Fact]
    public void A_flipped_bit_under_the_crc_is_always_found()
    {
        foreach (BatchVector vector in BatchVector.All)
        {
            byte[] bytes = [.. vector.Bytes];
            for (int at = BatchHeaderLayout.CrcAt; at < bytes.Length; at++)
            {
                for (int bit = 0; bit < 8; bit++)
                {
                    bytes[at] ^= (byte)(1 << bit);
                    Assert.NotEqual(BatchStatus.Ok, BatchValidator.ValidateStored(bytes, SizeMax, out _));
                    Assert.NotEqual(BatchStatus.Ok, BatchValidator.Validate(bytes, Limits));
                    bytes[at] ^= (byte)(1 << bit);
                }
            }
        }
    }

    [Fact]
    public void A_cut_at_any_length_asks_for_more()
    {
        using var buffer = new InflateBuffer(BufferPool.Shared);
        foreach (BatchVector vector in BatchVector.All)
        {
            for (int length = 0; length < vector.Bytes.Length; length++)
            {
                ReadOnlySpan<byte> cut = vector.Bytes.AsSpan(0, length);
                Assert.Equal(BatchStatus.NeedMoreData, BatchValidator.ValidateStored(cut, SizeMax, out _));
                Assert.Equal(BatchStatus.NeedMoreData, BatchValidator.Validate(cut, Limits));
                Assert.Equal(BatchStatus.NeedMoreData, RecordReader.TryOpen(cut, buffer, out _));
                var batches = new BatchReader(cut, BatchCheck.Checksum);
                Assert.False(batches.Read());
                Assert.Equal(length == 0 ? BatchStatus.Ok : BatchStatus.NeedMoreData, batches.Status);
            }
        }
    }

    [Fact]
    public void All_of_them_in_one_buffer_are_walked_to_the_end()
    {
        byte[] all = [.. BatchVector.All.SelectMany(vector => vector.Bytes)];
        var batches = new BatchReader(all, BatchCheck.Checksum);
        int at = 0;
        foreach (BatchVector vector in BatchVector.All)
        {
            Assert.True(batches.Read());
            Assert.Equal(at, batches.Start);
            Assert.True(batches.Batch.SequenceEqual(vector.Bytes));
            at += vector.Bytes.Length;
            Assert.Equal(at, batches.End);
        }

        Assert.False(batches.Read());
        Assert.Equal(BatchStatus.Ok, batches.Status);
    }

    private static void AssertRecords(Func<BatchVector, bool> isMeant)
    {
        using var buffer = new InflateBuffer(BufferPool.Shared);
        BatchVector[] vectors = [.. BatchVector.All.Where(isMeant)];
        Assert.NotEmpty(vectors);
        foreach (BatchVector vector in vectors)
        {
            Assert.Equal(BatchStatus.Ok, RecordReader.TryOpen(vector.Bytes, buffer, out RecordReader records));
            foreach (JsonElement expected in vector.Records)
            {
                Assert.True(records.Read(), vector.Name);
                AssertSame(expected, records);
            }

            Assert.False(records.Read());
            Assert.Equal(BatchStatus.Ok, records.Status);
        }
    }

    private static RecordHeader[] HeadersOf(JsonElement record)
    {
        return [.. record.GetProperty("headers").EnumerateArray().Select(Read)];

        static RecordHeader Read(JsonElement pair)
        {
            // Not "? null : memory": null would become an empty Memory<byte>, by way of byte[].
            ReadOnlyMemory<byte>? value = null;
            if (BatchVector.Hex(pair[1]) is { } bytes)
                value = bytes;
            return new RecordHeader(BatchVector.Hex(pair[0]), value);
        }
    }

    private static void AssertSame(JsonElement expected, in RecordReader actual)
    {
        Assert.Equal(expected.GetProperty("offset").GetInt64(), actual.Offset.Value);
        Assert.Equal(expected.GetProperty("timestamp").GetInt64(), actual.Timestamp.UnixMilliseconds);
        Assert.Equal(BatchVector.Hex(expected.GetProperty("key")), actual.Key.ToArray());
        Assert.Equal(BatchVector.Hex(expected.GetProperty("value")), actual.Value.ToArray());
        JsonElement[] headers = [.. expected.GetProperty("headers").EnumerateArray()];
        Assert.Equal(headers.Length, actual.HeaderCount);
        RecordHeaderReader reader = actual.Headers;
        foreach (JsonElement pair in headers)
        {
            Assert.True(reader.Read());
            Assert.Equal(BatchVector.Hex(pair[0]), reader.Key.ToArray());
            Assert.Equal(BatchVector.Hex(pair[1]), reader.Value.ToArray());
        }

        Assert.False(reader.Read());
    }
}

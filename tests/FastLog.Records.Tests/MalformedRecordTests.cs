using System.Buffers.Binary;
using FastLog.Primitives;

namespace FastLog.Records.Tests;

/// <summary>Records that break one rule each, in a batch that is right but for them.</summary>
public sealed class MalformedRecordTests
{
    private const string Empty = "0c 00 00 00 00 00 00";
    private const string First = "0c 00 00 00 01 01 00";
    private const string Second = "0c 00 00 02 01 01 00";

    [Fact]
    public void Two_good_records_are_read() => Assert.Equal((BatchStatus.Ok, 2), Read(First + Second, 2));

    [Fact]
    public void Empty_and_null_fields_have_one_byte_each() => Assert.Equal((BatchStatus.Ok, 1), Read(Empty, 1));

    [Theory]
    [InlineData("0e 00 00 00 01 01 00", "longer than the bytes that are left")]
    [InlineData("0a 00 00 00 01 01 00 00", "shorter than a record can be")]
    [InlineData("01 00 00 00 01 01 00", "a negative length")]
    [InlineData("fe ff ff ff 0f 00 00 00 01 01 00", "the largest length")]
    [InlineData("ff ff ff ff ff 01 00 00 00 01 01", "a length past 32 bits")]
    [InlineData("0c 00 00 00 03 01 00", "a key length of -2")]
    [InlineData("0c 00 00 00 01 03 00", "a value length of -2")]
    [InlineData("0c 00 00 00 08 01 00", "a key past the record's end")]
    [InlineData("0c 00 00 00 01 02 00", "a value that takes the header count's place")]
    [InlineData("14 00 00 00 fe ff ff ff 0f 01 00", "the largest key length")]
    [InlineData("14 00 00 00 01 fe ff ff ff 0f 00", "the largest value length")]
    [InlineData("16 00 00 00 02 61 fe ff ff ff 0f 00", "the largest value length after a key")]
    [InlineData("0c 00 00 00 01 01 01", "a negative header count")]
    [InlineData("0c 00 00 00 01 01 02", "a header that is not there")]
    [InlineData("14 00 00 00 01 01 fe ff ff ff 0f", "the largest header count")]
    [InlineData("10 00 00 00 01 01 02 01 01", "a null header key")]
    [InlineData("10 00 00 00 01 01 02 00 03", "a header value length of -2")]
    [InlineData("10 00 00 00 01 01 02 00 02", "a header value past the record's end")]
    [InlineData("18 00 00 00 01 01 02 fe ff ff ff 0f 01", "the largest header key length")]
    [InlineData("18 00 00 00 01 01 02 00 fe ff ff ff 0f", "the largest header value length")]
    [InlineData("0e 00 00 00 01 01 00 00", "a byte that belongs to nothing")]
    [InlineData("0c 00 00 01 01 01 00", "a negative offset delta")]
    [InlineData("0c 00 00 04 01 01 00", "an offset past the batch's last")]
    public void A_record_that_breaks_a_rule_is_malformed(string record, string rule)
    {
        (BatchStatus Status, int Count) result = Read(record, 1, lastOffsetDelta: 1);
        Assert.True(result == (BatchStatus.RecordMalformed, 0), $"{rule}: {result}");
    }

    [Fact]
    public void An_offset_that_does_not_rise_is_malformed() =>
        Assert.Equal((BatchStatus.RecordMalformed, 1), Read(First + First, 2));

    [Fact]
    public void An_offset_that_falls_is_malformed() =>
        Assert.Equal((BatchStatus.RecordMalformed, 1), Read(Second + First, 2));

    [Fact]
    public void Bytes_after_the_last_record_are_found() =>
        Assert.Equal((BatchStatus.TrailingBytes, 1), Read(First + Second, 1));

    [Fact]
    public void A_record_too_few_is_found() =>
        Assert.Equal((BatchStatus.RecordMalformed, 1), Read("1c 00 00 00 01 10 00 00 00 00 00 00 00 00 00", 2));

    [Fact]
    public void More_records_than_the_bytes_can_hold_are_not_begun() =>
        Assert.Equal((BatchStatus.RecordCountInvalid, 0), Read(First, 2));

    private static (BatchStatus Status, int Count) Read(string hex, int recordCount, int? lastOffsetDelta = null)
    {
        byte[] records = Convert.FromHexString(hex.Replace(" ", ""));
        byte[] batch = new byte[BatchHeaderLayout.HeaderSize + records.Length];
        records.CopyTo(batch, BatchHeaderLayout.HeaderSize);
        Write(batch, BatchHeaderLayout.LengthAt, batch.Length - BatchHeaderLayout.LengthPrefixSize);
        batch[BatchHeaderLayout.MagicAt] = BatchHeaderLayout.Magic;
        Write(batch, BatchHeaderLayout.LastOffsetDeltaAt, lastOffsetDelta ?? Math.Max(recordCount - 1, 1));
        Write(batch, BatchHeaderLayout.RecordCountAt, recordCount);
        using var buffer = new InflateBuffer(BufferPool.Shared);
        BatchStatus status = RecordReader.TryOpen(batch, buffer, out RecordReader reader);
        if (status != BatchStatus.Ok)
            return (status, 0);
        int count = 0;
        while (reader.Read())
        {
            count++;
            RecordHeaderReader headers = reader.Headers;
            while (headers.Read())
                Assert.True(headers.Value.IsNull || headers.Value.Span.Length <= records.Length);
        }

        return (reader.Status, count);
    }

    private static void Write(byte[] batch, int at, int value) =>
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(at), value);
}

using System.Buffers.Binary;
using FastLog.Primitives;
using FsCheck;
using FsCheck.Fluent;
using Xunit.Abstractions;

namespace FastLog.Records.Tests;

/// <summary>Random records come back as they were; random damage never throws and never reads past the bytes.</summary>
public sealed class HostileBatchTests(ITestOutputHelper output)
{
    private const ulong Seed = 0xFA57_106;
    private const int RoundTrips = 2000;
    private const int Mutations = 30_000;
    private static readonly BatchLimits Limits = new(1 << 20, new Timestamp(long.MaxValue));

    [Fact]
    public void Random_records_come_back_as_they_were()
    {
        output.WriteLine($"seed {Seed}");
        var random = new Prng(Seed);
        using var buffer = new InflateBuffer(BufferPool.Shared);
        for (int round = 0; round < RoundTrips; round++)
        {
            List<Sample> samples = Samples(random);
            Codec codec = random.Chance(0.3) ? Codec.Gzip : Codec.None;
            byte[] batch = Build(samples, codec);
            Assert.Equal(BatchStatus.Ok, BatchValidator.Validate(batch, Limits));
            AssertReads(samples, batch, buffer);
        }
    }

    [Fact]
    public void Keys_and_values_of_any_content_come_back()
    {
        Prop.ForAll<byte[], byte[], long>((key, value, at) =>
        {
            using var buffer = new InflateBuffer(BufferPool.Shared);
            RecordHeader[] headers = [new(key ?? [], Nullable(value))];
            List<Sample> samples = [new(at, key, value, []), new(at / 2, value, key, headers)];
            AssertReads(samples, Build(samples, Codec.None), buffer);
        }).Check(Config.QuickThrowOnFailure.WithReplay(4711, 4713));
    }

    [Fact]
    public void Damaged_bytes_with_a_right_crc_give_a_status_and_no_exception()
    {
        output.WriteLine($"seed {Seed}");
        var random = new Prng(Seed);
        var seen = new Dictionary<BatchStatus, int>();
        using var buffer = new InflateBuffer(BufferPool.Shared, sizeMax: 1 << 20);
        BatchVector[] sources = [.. BatchVector.All];
        for (int round = 0; round < Mutations; round++)
        {
            byte[] batch = [.. sources[random.Next(sources.Length)].Bytes];
            Damage(batch, random);
            BatchStatus status = ReadAll(batch, buffer);
            seen[status] = seen.GetValueOrDefault(status) + 1;
        }

        // The damage must reach the checks that a wrong CRC would otherwise hide.
        Assert.Contains(BatchStatus.RecordMalformed, seen.Keys);
        Assert.Contains(BatchStatus.CompressionInvalid, seen.Keys);
        Assert.Contains(BatchStatus.RecordCountInvalid, seen.Keys);
        Assert.Contains(BatchStatus.Ok, seen.Keys);
    }

    [Fact]
    public void Random_bytes_give_a_status_and_no_exception()
    {
        output.WriteLine($"seed {Seed}");
        var random = new Prng(Seed);
        using var buffer = new InflateBuffer(BufferPool.Shared, sizeMax: 1 << 20);
        for (int round = 0; round < Mutations; round++)
        {
            byte[] bytes = new byte[random.Next(200)];
            random.Fill(bytes);
            if (bytes.Length >= BatchHeaderLayout.HeaderSize)
            {
                bytes[BatchHeaderLayout.MagicAt] = BatchHeaderLayout.Magic;
                bytes[BatchHeaderLayout.BaseOffsetAt] &= 0x7F;
                bytes[BatchHeaderLayout.LastOffsetDeltaAt] &= 0x7F;
                BinaryPrimitives.WriteInt32BigEndian(
                    bytes.AsSpan(BatchHeaderLayout.LengthAt), bytes.Length - BatchHeaderLayout.LengthPrefixSize);
                BinaryPrimitives.WriteInt32BigEndian(
                    bytes.AsSpan(BatchHeaderLayout.RecordCountAt), (int)random.Next(5));
            }

            ReadAll(bytes, buffer);
            var batches = new BatchReader(bytes, BatchCheck.Structure);
            while (batches.Read())
                Assert.True(batches.End <= bytes.Length);
        }
    }

    private static void Damage(byte[] batch, Prng random)
    {
        int count = (int)random.Next(1, 5);
        for (int i = 0; i < count; i++)
        {
            int at = (int)random.Next(BatchHeaderLayout.AttributesAt, batch.Length);
            batch[at] = random.Chance(0.5) ? (byte)random.NextUInt64() : (byte)(batch[at] ^ (1 << (int)random.Next(8)));
        }

        uint crc = Crc32C.Compute(batch.AsSpan(BatchHeaderLayout.CrcCoversFrom));
        BinaryPrimitives.WriteUInt32BigEndian(batch.AsSpan(BatchHeaderLayout.CrcAt), crc);
    }

    private static BatchStatus ReadAll(byte[] batch, InflateBuffer buffer)
    {
        BatchValidator.Validate(batch, Limits);
        BatchValidator.ValidateStored(batch, 1 << 20, out _);
        BatchStatus status = RecordReader.TryOpen(batch, buffer, out RecordReader records);
        if (status != BatchStatus.Ok)
            return status;
        while (records.Read())
        {
            _ = records.Key.Span.Length + records.Value.Span.Length;
            _ = records.Offset.Value + records.Timestamp.UnixMilliseconds;
            RecordHeaderReader headers = records.Headers;
            int count = 0;
            while (headers.Read())
                count++;
            Assert.Equal(records.HeaderCount, count);
        }

        return records.Status;
    }

    private static List<Sample> Samples(Prng random)
    {
        var samples = new List<Sample>();
        int count = (int)random.Next(1, 20);
        for (int i = 0; i < count; i++)
        {
            var headers = new RecordHeader[random.Chance(0.3) ? random.Next(4) : 0];
            for (int h = 0; h < headers.Length; h++)
                headers[h] = new RecordHeader(Bytes(random) ?? [], Nullable(Bytes(random)));
            long at = random.Chance(0.1) ? (long)random.NextUInt64() : 1_700_000_000_000 + random.Next(-1000, 1000);
            samples.Add(new Sample(at, Bytes(random), Bytes(random), headers));
        }

        return samples;
    }

    private static byte[]? Bytes(Prng random)
    {
        if (random.Chance(0.15))
            return null;
        byte[] bytes = new byte[random.Next(random.Chance(0.1) ? 500 : 70)];
        random.Fill(bytes);
        return bytes;
    }

    private static ReadOnlyMemory<byte>? Nullable(byte[]? bytes)
    {
        if (bytes is null)
            return null;
        return new ReadOnlyMemory<byte>(bytes);
    }

    private static byte[] Build(List<Sample> samples, Codec codec)
    {
        var builder = new BatchBuilder(new byte[1 << 17]);
        foreach (Sample sample in samples)
            Assert.True(builder.TryAppend(new Timestamp(sample.At), sample.Key, sample.Value, sample.Headers));
        return builder.Build(codec).ToArray();
    }

    private static void AssertReads(List<Sample> samples, byte[] batch, InflateBuffer buffer)
    {
        Assert.Equal(BatchStatus.Ok, RecordReader.TryOpen(batch, buffer, out RecordReader records));
        long offset = 0;
        foreach (Sample sample in samples)
        {
            Assert.True(records.Read());
            Assert.Equal(offset++, records.Offset.Value);
            Assert.Equal(sample.At, records.Timestamp.UnixMilliseconds);
            Assert.Equal(sample.Key, records.Key.ToArray());
            Assert.Equal(sample.Value, records.Value.ToArray());
            RecordHeaderReader headers = records.Headers;
            foreach (RecordHeader header in sample.Headers)
            {
                Assert.True(headers.Read());
                Assert.True(headers.Key.SequenceEqual(header.Key.Span));
                Assert.Equal(header.Value?.ToArray(), headers.Value.ToArray());
            }

            Assert.False(headers.Read());
        }

        Assert.False(records.Read());
        Assert.Equal(BatchStatus.Ok, records.Status);
    }

    private sealed record Sample(long At, byte[]? Key, byte[]? Value, RecordHeader[] Headers);
}

using System.Buffers.Binary;
using FastLog.Primitives;
using Xunit.Abstractions;

namespace FastLog.Records.Tests;

/// <summary>
/// Compressed bytes that are cut, damaged or lie about their size end in a status, and never take more memory than the
/// limit; in no case do they end the process, which native code could.
/// </summary>
public sealed class HostileCompressionTests(ITestOutputHelper output)
{
    private const ulong Seed = 0xC0DEC;
    private const int Flips = 20_000;
    private const int PlainSize = 200_000;

    [NeedsCodecTheory]
    [InlineData(Codec.Snappy)]
    [InlineData(Codec.Lz4)]
    [InlineData(Codec.Zstd)]
    public void A_frame_cut_at_any_index_is_refused_or_gives_a_part_that_is_right(Codec codec)
    {
        byte[] plain = Plain();
        byte[] frame = Compress(codec, plain);
        using var buffer = new InflateBuffer(BufferPool.Shared);
        int taken = 0;
        for (int size = 0; size < frame.Length; size++)
        {
            // Exactly as large as the cut, so that a read behind its end is a read behind an array.
            byte[] cut = frame[..size];
            if (Compression.Inflate(codec, cut, buffer) != BatchStatus.Ok)
            {
                Assert.True(buffer.Memory.IsEmpty);
                continue;
            }

            taken++;
            Assert.True(plain.AsSpan().StartsWith(buffer.Memory.Span));
        }

        // Snappy's framing has no end mark: a cut between its blocks is whole, and the batch's record count finds it.
        Assert.Equal(codec == Codec.Snappy ? 1 + (PlainSize / (64 << 10)) : 0, taken);
        Assert.NotEqual(BatchStatus.Ok, Compression.Inflate(codec, [.. frame, 0], buffer));
        if (codec != Codec.Snappy)
            Assert.NotEqual(BatchStatus.Ok, Compression.Inflate(codec, [.. frame, .. frame], buffer));
    }

    [NeedsCodecTheory]
    [InlineData(Codec.Snappy)]
    [InlineData(Codec.Lz4)]
    [InlineData(Codec.Zstd)]
    public void Flipped_bits_give_a_status_and_stay_within_the_limit(Codec codec)
    {
        output.WriteLine($"seed {Seed}");
        var random = new Prng(Seed + (ulong)codec);
        var pool = new BufferPool();
        using var buffer = new InflateBuffer(pool, 1 << 20);
        byte[] frame = Compress(codec, Plain());
        var seen = new Dictionary<BatchStatus, int>();
        for (int round = 0; round < Flips; round++)
        {
            byte[] damaged = [.. frame[..(int)random.Next(1, frame.Length + 1)]];
            int count = (int)random.Next(1, 6);
            for (int i = 0; i < count; i++)
            {
                // Half of the damage meets the headers, where sizes are told.
                int end = random.Chance(0.5) ? Math.Min(24, damaged.Length) : damaged.Length;
                damaged[random.Next(end)] = (byte)random.NextUInt64();
            }

            BatchStatus status = Compression.Inflate(codec, damaged, buffer);
            seen[status] = seen.GetValueOrDefault(status) + 1;
            Assert.InRange(buffer.Memory.Length, 0, status == BatchStatus.Ok ? 1 << 20 : 0);
        }

        Assert.InRange(pool.RentedBytes, 0, 1 << 20);
        Assert.Contains(BatchStatus.CompressionInvalid, seen.Keys);
        Assert.All(seen.Keys, status => Assert.True(
            status is BatchStatus.Ok or BatchStatus.CompressionInvalid or BatchStatus.InflatedTooLarge, $"{status}"));
    }

    [NeedsCodecTheory]
    [InlineData(Codec.Gzip)]
    [InlineData(Codec.Snappy)]
    [InlineData(Codec.Lz4)]
    [InlineData(Codec.Zstd)]
    public void A_frame_that_inflates_past_the_limit_is_refused_and_its_memory_stays_below(Codec codec)
    {
        const int limit = 1 << 20;
        byte[] frame = Compress(codec, new byte[16 << 20]);
        var pool = new BufferPool();
        using var buffer = new InflateBuffer(pool, limit);
        Assert.Equal(BatchStatus.InflatedTooLarge, Compression.Inflate(codec, frame, buffer));
        Assert.True(buffer.Memory.IsEmpty);
        Assert.InRange(pool.RentedBytes, 0, limit);
        byte[] fits = Compress(codec, new byte[limit]);
        Assert.Equal(BatchStatus.Ok, Compression.Inflate(codec, fits, buffer));
        Assert.Equal(limit, buffer.Memory.Length);
        byte[] one = Compress(codec, new byte[limit + 1]);
        Assert.Equal(BatchStatus.InflatedTooLarge, Compression.Inflate(codec, one, buffer));
    }

    [NeedsCodecTheory]
    [InlineData(1 << 10)]
    [InlineData(33 << 10)]
    public void A_bomb_of_a_gibibyte_is_refused_within_the_limit(int size)
    {
        // 1 KiB tells a gibibyte and holds 32 MiB; 33 KiB hold it, and do not tell.
        byte[] bomb = ZstdBomb(size, tellsSize: size < 2 << 10);
        var pool = new BufferPool();
        using var buffer = new InflateBuffer(pool);
        Assert.Equal(BatchStatus.InflatedTooLarge, Compression.Inflate(Codec.Zstd, bomb, buffer));
        Assert.InRange(pool.RentedBytes, 0, RecordLimits.InflatedSizeFree);
    }

    [NeedsCodecTheory]
    [InlineData(Codec.Snappy, "ffffffff0f00")]
    [InlineData(Codec.Snappy, "8080800800")]
    [InlineData(Codec.Snappy, "82534e4150505900000000010000000100000005808080080000")]
    [InlineData(Codec.Snappy, "82534e41505059000000000100000001ffffffff00")]
    [InlineData(Codec.Snappy, "82534e415050590000000001")]
    [InlineData(Codec.Lz4, "04224d186870ffffffffffffff7f0000000000")]
    [InlineData(Codec.Lz4, "04224d18")]
    [InlineData(Codec.Zstd, "28b52ffda000100000")]
    [InlineData(Codec.Zstd, "28b52ffde0ffffffffffffff7f010000")]
    [InlineData(Codec.Zstd, "502a4d1804000000deadbeef")]
    [InlineData(Codec.Zstd, "25b52ffd00580100")]
    public void A_lie_about_the_size_takes_no_memory(Codec codec, string frame)
    {
        var pool = new BufferPool();
        using var buffer = new InflateBuffer(pool);
        BatchStatus status = Compression.Inflate(codec, Convert.FromHexString(frame), buffer);
        Assert.True(status is BatchStatus.CompressionInvalid or BatchStatus.InflatedTooLarge, $"{status}");
        Assert.InRange(pool.RentedBytes, 0, 64 << 10);
    }

    [NeedsCodecTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void Snappy_is_read_as_one_bare_block_and_as_a_stream_of_many(bool stream)
    {
        // A literal of four bytes and a copy of them: twelve bytes.
        byte[] block = Convert.FromHexString("0c0c616263641104");
        byte[] header = Convert.FromHexString("82534e41505059000000000100000001");
        byte[] blocks = [0, 0, 0, (byte)block.Length, .. block, 0, 0, 0, (byte)block.Length, .. block];
        using var buffer = new InflateBuffer(BufferPool.Shared);
        Assert.Equal(BatchStatus.Ok, Compression.Inflate(Codec.Snappy, stream ? [.. header, .. blocks] : block, buffer));
        Assert.Equal(stream ? "abcdabcdabcdabcdabcdabcd" : "abcdabcdabcd", System.Text.Encoding.ASCII.GetString(buffer.Memory.Span));
    }

    private static byte[] Plain()
    {
        // Half noise, half repetition, so that frames have literals and matches, and several blocks.
        byte[] plain = new byte[PlainSize];
        var random = new Prng(Seed);
        for (int at = 0; at < plain.Length; at += 100)
        {
            if (random.Chance(0.03))
                random.Fill(plain.AsSpan(at, 100));
        }

        return plain;
    }

    private static byte[] Compress(Codec codec, byte[] plain)
    {
        byte[] frame = new byte[plain.Length];
        Assert.True(Compression.TryCompress(codec, plain, frame, out int size));
        return frame[..size];
    }

    // Blocks of one byte that is repeated 128 KiB times each, in a frame with a window of 128 KiB.
    private static byte[] ZstdBomb(int size, bool tellsSize)
    {
        const int blockSize = 128 << 10;
        byte[] bomb = new byte[size];
        BinaryPrimitives.WriteUInt32LittleEndian(bomb, 0xFD2FB528);
        int at = 6;
        bomb[4] = (byte)(tellsSize ? 0x80 : 0);
        bomb[5] = 7 << 3;
        if (tellsSize)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bomb.AsSpan(at), 1 << 30);
            at += sizeof(uint);
        }

        for (; at + 8 <= size; at += 4)
            WriteBlock(bomb.AsSpan(at), last: false);
        WriteBlock(bomb.AsSpan(at), last: true);
        return bomb[..(at + 4)];

        static void WriteBlock(Span<byte> block, bool last)
        {
            uint header = (last ? 1u : 0) | (1 << 1) | ((uint)blockSize << 3);
            block[0] = (byte)header;
            block[1] = (byte)(header >> 8);
            block[2] = (byte)(header >> 16);
            block[3] = 0;
        }
    }
}

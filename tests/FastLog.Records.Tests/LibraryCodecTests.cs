using FastLog.Primitives;
using FastLog.Records.Native;
using Xunit.Abstractions;

namespace FastLog.Records.Tests;

/// <summary>The codecs of the system's libraries: real text, steady state, many threads, and a library that is not there.</summary>
public sealed class LibraryCodecTests(ITestOutputHelper output)
{
    private static readonly byte[] Text = RealText();

    [NeedsCodecTheory]
    [InlineData(Codec.Snappy)]
    [InlineData(Codec.Lz4)]
    [InlineData(Codec.Zstd)]
    public void Real_text_of_any_size_comes_back(Codec codec)
    {
        using var buffer = new InflateBuffer(BufferPool.Shared);
        byte[] compressed = new byte[Text.Length * 2];
        foreach (int size in (int[])[0, 1, 2, 100, 65_535, 65_536, 65_537, 131_072, Text.Length])
        {
            ReadOnlySpan<byte> text = Text.AsSpan(0, size);
            Assert.True(Compression.TryCompress(codec, text, compressed, out int length));
            Assert.Equal(BatchStatus.Ok, Compression.Inflate(codec, compressed.AsSpan(0, length), buffer));
            Assert.True(buffer.Memory.Span.SequenceEqual(text));
            output.WriteLine($"{size} bytes to {length}");
        }

        Assert.True(Compression.TryCompress(codec, Text, compressed, out int whole));
        Assert.True(whole < Text.Length * 2 / 3, $"{whole} of {Text.Length} bytes");
    }

    [NeedsCodecTheory]
    [InlineData(Codec.Snappy)]
    [InlineData(Codec.Lz4)]
    [InlineData(Codec.Zstd)]
    public void What_does_not_fit_is_left_alone_whatever_the_room(Codec codec)
    {
        byte[] noise = new byte[200_000];
        new Prng(7).Fill(noise);
        Assert.False(Compression.TryCompress(codec, noise, new byte[noise.Length - 1], out _));
        byte[] compressed = new byte[Text.Length];
        Assert.True(Compression.TryCompress(codec, Text, compressed, out int exact));
        Assert.True(Compression.TryCompress(codec, Text, new byte[exact], out int again));
        Assert.Equal(exact, again);
        byte[] untouched = new byte[exact - 1];
        Assert.False(Compression.TryCompress(codec, Text, untouched, out _));
        Assert.True(untouched.AsSpan().IndexOfAnyExcept((byte)0) < 0);
    }

    [NeedsCodecTheory]
    [InlineData(Codec.Snappy)]
    [InlineData(Codec.Lz4)]
    [InlineData(Codec.Zstd)]
    public void Batch_after_batch_allocates_nothing_to_inflate_and_a_lease_to_compress(Codec codec)
    {
        const int leaseSize = 64;
        using var buffer = new InflateBuffer(BufferPool.Shared);
        byte[] compressed = new byte[Text.Length];
        int length = 0;
        bool whole = true;
        Assert.InRange(Usual(() => whole &= Compression.TryCompress(codec, Text, compressed, out length)), 0, leaseSize);
        Assert.Equal(0, Usual(
            () => whole &= Compression.Inflate(codec, compressed.AsSpan(0, length), buffer) == BatchStatus.Ok));
        Assert.True(whole);
    }

    [NeedsCodecTheory]
    [InlineData(Codec.Snappy)]
    [InlineData(Codec.Lz4)]
    [InlineData(Codec.Zstd)]
    public void Many_threads_at_once_do_not_meet_in_a_context(Codec codec)
    {
        Parallel.For(0, 64, new ParallelOptions { MaxDegreeOfParallelism = 32 }, index =>
        {
            using var buffer = new InflateBuffer(BufferPool.Shared);
            ReadOnlySpan<byte> text = Text.AsSpan(index * 100);
            byte[] compressed = new byte[Text.Length];
            Assert.True(Compression.TryCompress(codec, text, compressed, out int length));
            Assert.Equal(BatchStatus.Ok, Compression.Inflate(codec, compressed.AsSpan(0, length), buffer));
            Assert.True(buffer.Memory.Span.SequenceEqual(text));
        });
    }

    [Fact]
    public void A_library_that_is_missing_or_too_old_is_told_with_what_to_install()
    {
        var missing = new SystemLibrary("libno-such-codec.so.7", "libno-such-codec7", "compress");
        Assert.False(missing.IsLoaded);
        Assert.Contains("libno-such-codec.so.7", missing.HowToGetIt, StringComparison.Ordinal);
        Assert.Contains("apt-get install libno-such-codec7", missing.HowToGetIt, StringComparison.Ordinal);
        Assert.False(new SystemLibrary("libc.so.6", "libc6", "no_such_function").IsLoaded);
        Assert.True(new SystemLibrary("libc.so.6", "libc6", "fdatasync").IsLoaded);
    }

    // The median, as a collection in between may empty the pool that memory is rented from.
    private static long Usual(Action call)
    {
        long[] costs = new long[101];
        for (int round = 0; round < costs.Length; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            call();
            costs[round] = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Array.Sort(costs);
        return costs[costs.Length / 2];
    }

    private static byte[] RealText()
    {
        string[] files = Directory.GetFiles(Repository.PathOf("protocol-spec"), "*.md", SearchOption.AllDirectories);
        Array.Sort(files, StringComparer.Ordinal);
        byte[] text = [.. files.SelectMany(File.ReadAllBytes)];
        return [.. text, .. text];
    }
}

using BenchmarkDotNet.Attributes;
using FastLog.Primitives;
using FastLog.Records;

namespace FastLog.Microbench;

/// <summary>
/// A batch of JSON-like records of about 250 bytes: built with each codec, and opened and walked. The records are
/// <see cref="PlainBytes"/> bytes, so MB/s is that over the mean time.
/// </summary>
public class CodecBenchmarks
{
    public const int PlainBytes = 256 << 10;

    private static readonly Timestamp At = new(1_700_000_000_000);
    private readonly byte[] _buffer = new byte[PlainBytes];
    private static readonly InflateBuffer Inflated = new(BufferPool.Shared);
    private byte[][] _values = [];
    private byte[] _built = [];

    [Params(Codec.None, Codec.Gzip, Codec.Lz4, Codec.Zstd, Codec.Snappy)]
    public Codec Codec { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var random = new Prng(1);
        string[] words = ["created", "paid", "shipped", "returned", "lost", "found", "north", "south", "east", "west"];
        _values = new byte[2048][];
        for (int i = 0; i < _values.Length; i++)
        {
            _values[i] = System.Text.Encoding.UTF8.GetBytes(
                $"{{\"order\":\"{random.NextUInt64():x16}\",\"customer\":{random.Next(1_000_000)},\"state\":\"{words[random.Next(words.Length)]}\","
                + $"\"region\":\"{words[random.Next(words.Length)]}\",\"amount\":{random.Next(100_000)}.{random.Next(10)},\"currency\":\"EUR\","
                + $"\"createdAt\":\"2026-01-{random.Next(10, 28)}T{random.Next(10, 24)}:{random.Next(10, 60)}:00Z\",\"source\":\"web-shop\"}}");
        }

        _built = Build().ToArray();
        Console.WriteLine($"// {Codec}: {PlainBytes} bytes of records become {_built.Length}, a ratio of {(double)PlainBytes / _built.Length:F2}");
    }

    [Benchmark]
    public int Compress() => Build().Length;

    /// <summary>The sum of the sizes, so that no record is passed over.</summary>
    [Benchmark]
    public long InflateAndWalk()
    {
        RecordReader.TryOpen(_built, Inflated, out RecordReader reader);
        long sum = 0;
        while (reader.Read())
            sum += reader.Value.Span.Length;
        return sum;
    }

    private ReadOnlyMemory<byte> Build()
    {
        var builder = new BatchBuilder(_buffer);
        for (int i = 0; builder.TryAppend(At, NullableBytes.Null, _values[i % _values.Length], []); i++)
        {
            // Until the buffer is full.
        }

        return builder.Build(Codec);
    }
}

using BenchmarkDotNet.Attributes;
using FastLog.Primitives;
using FastLog.Records;

namespace FastLog.Microbench;

/// <summary>A 64-KiB batch of 100-byte records: built with its CRC, validated as a broker does, walked.</summary>
public class BatchBenchmarks
{
    private const int BatchBytes = 64 << 10;
    private const int ValueBytes = 100;
    private static readonly Timestamp At = new(1_700_000_000_000);
    private static readonly BatchLimits Limits = BatchLimits.At(At, BatchBytes, TimeSpan.FromHours(1));

    private readonly byte[] _value = new byte[ValueBytes];
    private readonly byte[] _buffer = new byte[BatchBytes];
    private byte[] _built = [];

    [GlobalSetup]
    public void Setup()
    {
        new Prng(1).Fill(_value);
        _built = Build().ToArray();
    }

    [Benchmark]
    public int BuildWithCrc() => Build().Length;

    [Benchmark]
    public BatchStatus Validate() => BatchValidator.Validate(_built, Limits);

    /// <summary>The sum of the offsets, so that no record is passed over.</summary>
    [Benchmark]
    public long Walk()
    {
        using var inflated = new InflateBuffer(BufferPool.Shared);
        RecordReader.TryOpen(_built, inflated, out RecordReader reader);
        long sum = 0;
        while (reader.Read())
            sum += reader.Offset.Value + reader.Value.Span.Length;
        return sum;
    }

    private ReadOnlyMemory<byte> Build()
    {
        var builder = new BatchBuilder(_buffer);
        while (builder.TryAppend(At, NullableBytes.Null, _value, []))
        {
            // Until the buffer is full.
        }

        return builder.Build();
    }
}

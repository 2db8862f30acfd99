using BenchmarkDotNet.Attributes;
using FastLog.Primitives;

namespace FastLog.Microbench;

/// <summary>CRC-32C over lengths from one small record to a large batch.</summary>
public class CrcBenchmarks
{
    private byte[] _bytes = [];

    [Params(100, 1_024, 65_536, 1_048_576)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _bytes = new byte[Size];
        new Prng(1).Fill(_bytes);
    }

    [Benchmark]
    public uint Compute() => Crc32C.Compute(_bytes);
}

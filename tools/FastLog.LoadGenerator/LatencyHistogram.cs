using System.Numerics;

namespace FastLog.LoadGenerator;

/// <summary>
/// Counts durations in buckets whose width grows with the value: relative error at most 1/64 over 1 ns to hours. Any thread
/// may record; read it when recording has ended.
/// </summary>
public sealed class LatencyHistogram
{
    private const int SubBits = 6;
    private const int SubCount = 1 << SubBits;
    private readonly long[] _counts = new long[(64 - SubBits) * SubCount];
    private long _max;

    public long Count { get; private set; }

    /// <summary>The largest value recorded, exact.</summary>
    public TimeSpan Max => FromNanoseconds(_max);

    public void Record(long nanoseconds)
    {
        long value = Math.Max(0, nanoseconds);
        Interlocked.Increment(ref _counts[Bucket(value)]);
        long seen = Volatile.Read(ref _max);
        while (value > seen && Interlocked.CompareExchange(ref _max, value, seen) != seen)
            seen = Volatile.Read(ref _max);
    }

    /// <summary>The value that the given share (0 to 1) of the recorded ones does not exceed.</summary>
    public TimeSpan Percentile(double share)
    {
        long total = _counts.Sum();
        Count = total;
        if (total == 0)
            return TimeSpan.Zero;
        long rank = Math.Max(1, (long)Math.Ceiling(share * total));
        long seen = 0;
        for (int i = 0; i < _counts.Length; i++)
        {
            seen += _counts[i];
            if (seen >= rank)
                return FromNanoseconds(Math.Min(UpperEdge(i), _max));
        }

        return Max;
    }

    internal static int Bucket(long value)
    {
        if (value < SubCount)
            return (int)value;
        int shift = BitOperations.Log2((ulong)value) - SubBits;
        return ((shift + 1) * SubCount) + (int)((value >> shift) - SubCount);
    }

    internal static long UpperEdge(int bucket)
    {
        int group = bucket / SubCount;
        int sub = bucket % SubCount;
        return group == 0 ? sub : ((long)(SubCount + sub + 1) << (group - 1)) - 1;
    }

    private static TimeSpan FromNanoseconds(long nanoseconds) => new(nanoseconds / 100);
}

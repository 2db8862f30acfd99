using FastLog.Primitives;

namespace FastLog.LoadGenerator.Tests;

public sealed class LatencyHistogramTests
{
    [Fact]
    public void Every_value_lies_within_a_64th_below_its_buckets_upper_edge()
    {
        var prng = new Prng(3);
        for (int i = 0; i < 100_000; i++)
        {
            long value = (long)(prng.NextUInt64() >> (int)prng.Next(2, 63));
            long edge = LatencyHistogram.UpperEdge(LatencyHistogram.Bucket(value));
            Assert.InRange(edge, value, value + (value / 64) + 1);
        }
    }

    [Fact]
    public void Percentiles_are_those_of_the_sorted_values()
    {
        var histogram = new LatencyHistogram();
        for (int i = 1; i <= 1000; i++)
            histogram.Record(i * 1_000_000L);
        Assert.InRange(histogram.Percentile(0.5).TotalMilliseconds, 500, 508);
        Assert.InRange(histogram.Percentile(0.99).TotalMilliseconds, 990, 1000);
        Assert.Equal(TimeSpan.FromSeconds(1), histogram.Percentile(1));
        Assert.Equal(TimeSpan.FromSeconds(1), histogram.Max);
        Assert.Equal(1000, histogram.Count);
    }

    [Fact]
    public void An_empty_histogram_has_no_percentiles() => Assert.Equal(TimeSpan.Zero, new LatencyHistogram().Percentile(0.5));
}

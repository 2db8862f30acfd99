using System.IO.Compression;

namespace FastLog.LoadGenerator.Tests;

public sealed class PayloadSourceTests
{
    [Theory]
    [InlineData(16)]
    [InlineData(100)]
    [InlineData(100_000)]
    public void A_reader_knows_every_byte_of_a_value_from_its_number(int size)
    {
        var source = new PayloadSource(size, 0);
        var reader = new PayloadSource(size, 0);
        foreach (long number in (long[])[0, 1, 41_942, 41_943, 1_000_000_007])
        {
            byte[] value = source.Value(number).ToArray();
            Assert.Equal(number, PayloadSource.Number(value));
            Assert.True(reader.IsValid(value));
            value[^1] ^= 1;
            Assert.False(reader.IsValid(value));
        }
    }

    [Fact]
    public void Values_do_not_compress_below_half()
    {
        var source = new PayloadSource(100, 0);
        using var all = new MemoryStream();
        using (var gzip = new GZipStream(all, CompressionLevel.Optimal, leaveOpen: true))
        {
            for (int i = 0; i < 2_000; i++)
                gzip.Write(source.Value(i).Span);
        }

        Assert.True(all.Length > 2_000 * 100 / 2);
    }

    [Fact]
    public void Keys_are_as_many_as_asked_for()
    {
        var source = new PayloadSource(10, 3);
        int distinct = Enumerable.Range(0, 100).Select(i => Convert.ToHexString(source.Key(i)!.Value.Span)).Distinct().Count();
        Assert.Equal(3, distinct);
        Assert.Null(new PayloadSource(10, 0).Key(1));
    }
}

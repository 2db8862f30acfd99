using System.Text.Json;
using FastLog.Primitives;

namespace FastLog.Records.Tests;

public sealed class VarintTests
{
    private const ulong Seed = 41;

    [Fact]
    public void The_vectors_hold_in_both_directions()
    {
        string text = File.ReadAllText(Repository.PathOf("protocol-spec/vectors/varint.json"));
        using JsonDocument document = JsonDocument.Parse(text);
        foreach (JsonElement vector in document.RootElement.EnumerateArray())
        {
            long value = vector.GetProperty("value").GetInt64();
            byte[] bytes = Convert.FromHexString(vector.GetProperty("zigzagVarint").GetString()!);
            byte[] written = new byte[Varint.Size64Max];
            Assert.Equal(bytes.Length, Varint.Write(written, value));
            Assert.Equal(bytes, written[..bytes.Length]);
            Assert.Equal(bytes.Length, Varint.SizeOf(value));
            int at = 0;
            Assert.True(Varint.TryRead(bytes, ref at, out long read));
            Assert.Equal(value, read);
            Assert.Equal(bytes.Length, at);
            at = 0;
            bool fits = value is >= int.MinValue and <= int.MaxValue;
            Assert.Equal(fits, Varint.TryRead(bytes, ref at, out int narrow));
            if (fits)
                Assert.Equal(value, narrow);
        }
    }

    [Fact]
    public void Every_cut_is_refused_and_moves_nothing()
    {
        byte[] bytes = new byte[Varint.Size64Max];
        int size = Varint.Write(bytes, long.MinValue);
        for (int length = 0; length < size; length++)
        {
            int at = 0;
            Assert.False(Varint.TryRead(bytes.AsSpan(0, length), ref at, out long _));
            Assert.False(Varint.TryRead(bytes.AsSpan(0, length), ref at, out int _));
            Assert.Equal(0, at);
        }
    }

    [Theory]
    [InlineData("ffffffff10")]
    [InlineData("ffffffffff01")]
    [InlineData("808080808000")]
    public void What_does_not_fit_32_bits_is_refused(string hex)
    {
        int at = 0;
        Assert.False(Varint.TryRead(Convert.FromHexString(hex), ref at, out int _));
    }

    [Theory]
    [InlineData("ffffffffffffffffff02")]
    [InlineData("ffffffffffffffffffff01")]
    public void What_does_not_fit_64_bits_is_refused(string hex)
    {
        int at = 0;
        Assert.False(Varint.TryRead(Convert.FromHexString(hex), ref at, out long _));
    }

    [Fact]
    public void Sizes_agree_with_what_is_written_for_every_number_of_bits()
    {
        var random = new Prng(Seed);
        byte[] bytes = new byte[Varint.Size64Max];
        for (int shift = 0; shift < 64; shift++)
        {
            for (int round = 0; round < 100; round++)
            {
                long value = (long)(random.NextUInt64() >> shift);
                Assert.Equal(Varint.Write(bytes, value), Varint.SizeOf(value));
                Assert.Equal(Varint.Write(bytes, (int)value), Varint.SizeOf((int)value));
                int at = 0;
                Assert.True(Varint.TryRead(bytes, ref at, out int read));
                Assert.Equal((int)value, read);
            }
        }
    }
}

using System.Text;

namespace FastLog.Primitives.Tests;

public sealed class Crc32CTests
{
    private const ulong Seed = 20_260_101;
    private const uint ReflectedPolynomial = 0x82F63B78;

    [Fact]
    public void The_check_value_holds() =>
        Assert.Equal(0xE3069283u, Crc32C.Compute(Encoding.ASCII.GetBytes("123456789")));

    [Fact]
    public void The_values_of_rfc_3720_hold()
    {
        byte[] zeros = new byte[32];
        byte[] ones = Enumerable.Repeat((byte)0xFF, 32).ToArray();
        byte[] rising = Enumerable.Range(0, 32).Select(value => (byte)value).ToArray();
        byte[] falling = rising.Reverse().ToArray();
        byte[] read10 = Convert.FromHexString(
            "01c0000000000000000000000000000014000000000004000000001400000018280000000000000002000000" + "00000000");
        Assert.Equal(0x8A9136AAu, Crc32C.Compute(zeros));
        Assert.Equal(0x62A8AB43u, Crc32C.Compute(ones));
        Assert.Equal(0x46DD794Eu, Crc32C.Compute(rising));
        Assert.Equal(0x113FDB5Cu, Crc32C.Compute(falling));
        Assert.Equal(0xD9963A56u, Crc32C.Compute(read10));
    }

    [Fact]
    public void No_bytes_have_the_crc_zero() => Assert.Equal(0u, Crc32C.Compute([]));

    [Fact]
    public void Every_length_agrees_with_the_bitwise_definition()
    {
        byte[] bytes = RandomBytes(4096);
        uint state = uint.MaxValue;
        for (int length = 0; length <= bytes.Length; length++)
        {
            Assert.Equal(~state, Crc32C.Compute(bytes.AsSpan(0, length)));
            if (length < bytes.Length)
                state = Step(state, bytes[length]);
        }
    }

    [Fact]
    public void Long_inputs_at_odd_places_agree_with_the_bitwise_definition()
    {
        byte[] bytes = RandomBytes(70_000);
        foreach (int start in (int[])[0, 1, 3, 7])
        {
            uint state = uint.MaxValue;
            foreach (byte value in bytes.AsSpan(start))
                state = Step(state, value);
            Assert.Equal(~state, Crc32C.Compute(bytes.AsSpan(start)));
        }
    }

    [Fact]
    public void Parts_give_the_crc_of_the_whole()
    {
        byte[] bytes = RandomBytes(20_000);
        uint whole = Crc32C.Compute(bytes);
        var random = new Prng(Seed);
        for (int round = 0; round < 500; round++)
        {
            int first = (int)random.Next(bytes.Length + 1);
            int second = (int)random.Next(first, bytes.Length + 1L);
            uint crc = Crc32C.Compute(bytes.AsSpan(0, first));
            crc = Crc32C.Append(crc, bytes.AsSpan(first..second));
            Assert.Equal(whole, Crc32C.Append(crc, bytes.AsSpan(second)));
        }
    }

    private static byte[] RandomBytes(int count)
    {
        byte[] bytes = new byte[count];
        new Prng(Seed).Fill(bytes);
        return bytes;
    }

    private static uint Step(uint state, byte value)
    {
        state ^= value;
        for (int bit = 0; bit < 8; bit++)
            state = (state & 1) != 0 ? (state >> 1) ^ ReflectedPolynomial : state >> 1;
        return state;
    }
}

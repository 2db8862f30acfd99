using FastLog.Primitives;
using FastLog.Storage.Compaction;

namespace FastLog.Storage.Tests.Compaction;

public class KeyMapTests
{
    [Theory]
    [InlineData(0, "A3817F04BA25A8E66DF67214C7550293")]
    [InlineData(1, "DA87C1D86B99AF44347659119B22FC45")]
    [InlineData(7, "A1F1EBBED8DBC153C0B84AA61FF08239")]
    [InlineData(8, "3B62A9BA6258F5610F83E264F31497B4")]
    [InlineData(15, "5493E99933B0A8117E08EC0F97CFC3D9")]
    public void The_hash_is_SipHash_with_128_bits(int length, string expected)
    {
        var hasher = new KeyHasher(0x0706050403020100, 0x0f0e0d0c0b0a0908);
        KeyHash hash = hasher.Hash([.. Enumerable.Range(0, length).Select(value => (byte)value)]);
        byte[] bytes = [.. BitConverter.GetBytes(hash.High), .. BitConverter.GetBytes(hash.Low)];
        Assert.Equal(expected, Convert.ToHexString(bytes));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void The_map_holds_the_last_offset_of_each_key_until_it_is_full(ulong seed)
    {
        var random = new Prng(seed);
        var map = new KeyMap(100_000, long.MaxValue / 4);
        Assert.InRange(map.SizeBytes, 90_000, 100_000);
        var model = new Dictionary<KeyHash, long>();
        for (long offset = 0; offset < 50_000; offset++)
        {
            var key = new KeyHash((ulong)random.Next(6_000) * 0x9E3779B97F4A7C15, (ulong)random.Next(3));
            bool isSet = map.TrySet(key, new LogOffset(offset));
            if (isSet)
                model[key] = offset;
            else
                Assert.False(model.ContainsKey(key));
        }

        Assert.Equal(model.Count, map.Count);
        Assert.InRange(map.Count, 100_000 / KeyMap.SlotSize / 2, 100_000 / KeyMap.SlotSize);
        foreach ((KeyHash key, long offset) in model)
            Assert.Equal(offset, map.Find(key).Value);
        Assert.True(map.Find(new KeyHash(1, 77)).IsNone);
    }

    [Fact]
    public void A_small_log_takes_a_small_map_and_any_map_takes_a_key()
    {
        Assert.InRange(new KeyMap(64 << 20, 1000).SizeBytes, 1, 64_000);
        var smallest = new KeyMap(1, 1);
        Assert.True(smallest.TrySet(new KeyHash(ulong.MaxValue, 1), LogOffset.Zero));
        Assert.False(smallest.TrySet(new KeyHash(ulong.MaxValue, 2), LogOffset.Zero));
        Assert.Equal(LogOffset.Zero, smallest.Find(new KeyHash(ulong.MaxValue, 1)));
    }
}

namespace FastLog.Primitives.Tests;

public sealed class PrngTests
{
    [Fact]
    public void The_sequence_of_a_seed_never_changes()
    {
        var prng = new Prng(1);
        ulong[] first = [prng.NextUInt64(), prng.NextUInt64(), prng.NextUInt64()];
        var again = new Prng(1);
        ulong[] second = [again.NextUInt64(), again.NextUInt64(), again.NextUInt64()];
        Assert.Equal(first, second);
        Assert.Equal(0xB3F2AF6D0FC710C5UL, first[0]);
    }

    [Fact]
    public void Numbers_stay_below_their_bound_and_reach_all_of_it()
    {
        var prng = new Prng(7);
        bool[] seen = new bool[10];
        for (int i = 0; i < 1000; i++)
            seen[prng.Next(10)] = true;
        Assert.DoesNotContain(false, seen);
    }
}

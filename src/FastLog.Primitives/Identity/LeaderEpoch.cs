namespace FastLog.Primitives;

/// <summary>Counts the leaders of one partition; stored in each batch. Rises with every start that was not clean.</summary>
public readonly record struct LeaderEpoch(int Value) : IComparable<LeaderEpoch>
{
    /// <summary>The peer does not know or does not check the epoch.</summary>
    public static readonly LeaderEpoch None = new(-1);

    public static readonly LeaderEpoch Zero = new(0);

    public LeaderEpoch Next() => new(checked(Value + 1));

    public int CompareTo(LeaderEpoch other) => Value.CompareTo(other.Value);

    public static bool operator <(LeaderEpoch left, LeaderEpoch right) => left.Value < right.Value;

    public static bool operator >(LeaderEpoch left, LeaderEpoch right) => left.Value > right.Value;

    public static bool operator <=(LeaderEpoch left, LeaderEpoch right) => left.Value <= right.Value;

    public static bool operator >=(LeaderEpoch left, LeaderEpoch right) => left.Value >= right.Value;

    public override string ToString() => Value.ToString();
}

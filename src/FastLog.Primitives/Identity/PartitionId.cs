namespace FastLog.Primitives;

/// <summary>The number of a partition inside its topic, from 0.</summary>
public readonly record struct PartitionId(int Value) : IComparable<PartitionId>
{
    public int CompareTo(PartitionId other) => Value.CompareTo(other.Value);

    public static bool operator <(PartitionId left, PartitionId right) => left.Value < right.Value;

    public static bool operator >(PartitionId left, PartitionId right) => left.Value > right.Value;

    public static bool operator <=(PartitionId left, PartitionId right) => left.Value <= right.Value;

    public static bool operator >=(PartitionId left, PartitionId right) => left.Value >= right.Value;

    public override string ToString() => Value.ToString();
}

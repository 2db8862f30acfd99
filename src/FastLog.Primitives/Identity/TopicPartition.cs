namespace FastLog.Primitives;

/// <summary>One partition of one topic, by identity.</summary>
public readonly record struct TopicPartition(TopicId Topic, PartitionId Partition) : IComparable<TopicPartition>
{
    public int CompareTo(TopicPartition other)
    {
        int topic = Topic.CompareTo(other.Topic);
        return topic != 0 ? topic : Partition.CompareTo(other.Partition);
    }

    public static bool operator <(TopicPartition left, TopicPartition right) => left.CompareTo(right) < 0;

    public static bool operator >(TopicPartition left, TopicPartition right) => left.CompareTo(right) > 0;

    public static bool operator <=(TopicPartition left, TopicPartition right) => left.CompareTo(right) <= 0;

    public static bool operator >=(TopicPartition left, TopicPartition right) => left.CompareTo(right) >= 0;

    public override string ToString() => $"{Topic}/{Partition}";
}

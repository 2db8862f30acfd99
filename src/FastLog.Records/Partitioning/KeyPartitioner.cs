using FastLog.Primitives;

namespace FastLog.Records.Partitioning;

/// <summary>The partition of a key: the same one that Kafka's clients choose.</summary>
public static class KeyPartitioner
{
    /// <summary>The partition for the key among 1 or more.</summary>
    public static PartitionId PartitionOf(ReadOnlySpan<byte> key, int partitionCount)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(partitionCount);
        return new PartitionId((Murmur2.Hash(key) & int.MaxValue) % partitionCount);
    }
}

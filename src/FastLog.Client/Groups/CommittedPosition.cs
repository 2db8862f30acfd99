using FastLog.Primitives;

namespace FastLog.Client;

/// <summary>Where a group goes on in one partition of a topic.</summary>
/// <param name="Offset">The next offset to read: one after the last record that is done with.</param>
/// <param name="LeaderEpoch">Of the last record that was read, or none.</param>
/// <param name="Metadata">Anything that is to be kept with it, at most 4,096 bytes.</param>
public readonly record struct CommittedPosition(
    string Topic,
    PartitionId Partition,
    LogOffset Offset,
    LeaderEpoch LeaderEpoch,
    string Metadata = "")
{
    public CommittedPosition(string topic, PartitionId partition, LogOffset offset)
        : this(topic, partition, offset, LeaderEpoch.None)
    {
    }
}

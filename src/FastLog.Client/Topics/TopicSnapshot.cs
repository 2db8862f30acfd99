using FastLog.Primitives;

namespace FastLog.Client;

/// <summary>A topic as the metadata told it last. Immutable.</summary>
internal sealed record TopicSnapshot(
    string Name,
    TopicId Id,
    IReadOnlyList<TopicSnapshot.PartitionLeader> Partitions,
    long Version,
    MonotonicTime LearnedAt)
{
    /// <summary>The leader of a partition, or none; none as well for a partition that is not there.</summary>
    public NodeId LeaderOf(PartitionId partition) =>
        (uint)partition.Value < (uint)Partitions.Count ? Partitions[partition.Value].Leader : NodeId.None;

    /// <summary>Who leads one partition.</summary>
    internal readonly record struct PartitionLeader(NodeId Leader, LeaderEpoch LeaderEpoch);
}

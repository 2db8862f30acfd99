using FastLog.Primitives;
using FastLog.Protocol.Messages;

namespace FastLog.Broker.Topics;

/// <summary>A topic as it is stored.</summary>
/// <param name="Id">Its identity; never used again.</param>
/// <param name="Name">Its name, valid and unique among the topics that exist.</param>
/// <param name="PartitionCount">1 to <see cref="BrokerLimits.PartitionsPerTopicMax"/>.</param>
/// <param name="ReplicationFactor">Replicas of each partition.</param>
/// <param name="Configs">What was set on it, ascending by key; what is not here has its default.</param>
public sealed record Topic(
    TopicId Id, string Name, int PartitionCount, int ReplicationFactor, IReadOnlyList<ConfigEntry> Configs);

/// <summary>A topic that was deleted and whose directories may still be there.</summary>
public readonly record struct DeletedTopic(TopicId Id, string Name);

/// <summary>All that a topic store holds.</summary>
/// <param name="Topics">Ascending by name, ordinal.</param>
/// <param name="Deleted">Ascending by id.</param>
public sealed record TopicCatalog(IReadOnlyList<Topic> Topics, IReadOnlyList<DeletedTopic> Deleted)
{
    public static readonly TopicCatalog Empty = new([], []);
}

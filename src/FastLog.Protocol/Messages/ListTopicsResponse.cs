using FastLog.Primitives;

namespace FastLog.Protocol.Messages;

/// <summary>All topics, ascending by name in byte order.</summary>
public sealed partial record ListTopicsResponse(IReadOnlyList<TopicListing> Topics);

/// <summary>One topic in short.</summary>
public readonly record struct TopicListing(
    string Name,
    TopicId Id,
    int PartitionCount,
    int ReplicationFactor,
    bool IsInternal);

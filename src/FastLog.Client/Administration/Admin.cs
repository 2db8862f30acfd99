using FastLog.Primitives;
using FastLog.Protocol.Messages;

namespace FastLog.Client;

/// <summary>Topics, offsets and the cluster. Thread-safe; each call has the client's request timeout for all its attempts.</summary>
public sealed class Admin
{
    internal Admin()
    {
    }

    /// <summary>Makes a topic. Not repeated when the answer is lost: <see cref="FastLogException.IsOutcomeUnknown"/> tells.</summary>
    /// <param name="partitionCount">1 or more; 0: the broker's default.</param>
    /// <param name="replicationFactor">1 or more; 0: the broker's default.</param>
    /// <param name="configs">Settings by their names, such as <c>flush</c> = <c>ack</c>.</param>
    /// <exception cref="FastLogException">The name is in use or bad, a setting is unknown or out of its range, …</exception>
    public ValueTask<CreateTopicResponse> CreateTopicAsync(
        string name,
        int partitionCount = 0,
        int replicationFactor = 0,
        IReadOnlyList<ConfigEntry>? configs = null,
        CancellationToken cancellationToken = default) => throw new NotImplementedException();

    /// <exception cref="FastLogException">There is no such topic, …</exception>
    public ValueTask DeleteTopicAsync(string name, CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    /// <summary>All topics, ascending by name.</summary>
    public ValueTask<IReadOnlyList<TopicListing>> ListTopicsAsync(
        bool includeInternal = false, CancellationToken cancellationToken = default) => throw new NotImplementedException();

    /// <exception cref="FastLogException">There is no such topic, …</exception>
    public ValueTask<DescribeTopicResponse> DescribeTopicAsync(
        string name, CancellationToken cancellationToken = default) => throw new NotImplementedException();

    /// <summary>The brokers and all topics with their leaders, as one broker knows them now.</summary>
    public ValueTask<MetadataResponse> DescribeClusterAsync(CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();

    /// <summary>The offset at earliest, latest or a time, for each partition, ascending by partition.</summary>
    /// <param name="at">Not a plain offset.</param>
    /// <exception cref="FastLogException">There is no such topic, a partition is not ready in time, …</exception>
    public ValueTask<IReadOnlyList<PartitionOffset>> ListOffsetsAsync(
        string topic, StartPosition at, CancellationToken cancellationToken = default) =>
        throw new NotImplementedException();
}

/// <summary>An offset found in one partition.</summary>
/// <param name="Offset">None when asked by time and no record is at or after it.</param>
/// <param name="At">Asked by time: the found record's timestamp; else none.</param>
public readonly record struct PartitionOffset(PartitionId Partition, LogOffset Offset, Timestamp At);

using System.Diagnostics;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Messages;

namespace FastLog.Client;

/// <summary>
/// Topics, offsets and the cluster. Thread-safe; each call has the client's request timeout for all its attempts, and
/// fails at once when no broker can be reached.
/// </summary>
public sealed class Admin
{
    private readonly ClientCore _core;

    internal Admin(ClientCore core) => _core = core;

    /// <summary>
    /// Makes a topic. Not repeated when the answer is lost: <see cref="FastLogException.IsOutcomeUnknown"/> tells.
    /// </summary>
    /// <param name="partitionCount">1 or more; 0: the broker's default.</param>
    /// <param name="replicationFactor">1 or more; 0: the broker's default.</param>
    /// <param name="configs">Settings by their names, such as <c>flush</c> = <c>ack</c>.</param>
    /// <exception cref="FastLogException">
    /// The name is in use or bad, a setting is unknown or out of its range, …
    /// </exception>
    public async ValueTask<CreateTopicResponse> CreateTopicAsync(
        string name,
        int partitionCount = 0,
        int replicationFactor = 0,
        IReadOnlyList<ConfigEntry>? configs = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentOutOfRangeException.ThrowIfNegative(partitionCount);
        ArgumentOutOfRangeException.ThrowIfNegative(replicationFactor);
        _core.Metadata.Forget(name);
        return await CallAsync<CreateTopicRequest, CreateTopicResponse>(
            new CreateTopicRequest(
                name, partitionCount, replicationFactor, configs ?? []), isIdempotent: false, cancellationToken);
    }

    /// <summary>Changes settings of a topic; the others stay. In force when this ends, and safe to repeat.</summary>
    /// <param name="set">Settings with their new values.</param>
    /// <param name="unset">Names of settings that take the broker's default again.</param>
    /// <returns>The topic with all its effective settings.</returns>
    /// <exception cref="FastLogException">There is no such topic, a setting is unknown or out of its range, …</exception>
    public async ValueTask<AlterTopicResponse> AlterTopicAsync(
        string name,
        IReadOnlyList<ConfigEntry>? set = null,
        IReadOnlyList<string>? unset = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(name);
        return await CallAsync<AlterTopicRequest, AlterTopicResponse>(
            new AlterTopicRequest(TopicReference.ByName(name), set ?? [], unset ?? []), isIdempotent: true, cancellationToken);
    }

    /// <summary>
    /// Gives a topic more partitions; it never gets fewer. Not repeated when the answer is lost. Other clients find the new
    /// partitions with their next metadata; keys are spread over all of them from then on.
    /// </summary>
    /// <param name="partitionCount">How many it has afterwards: more than it has now.</param>
    /// <exception cref="FastLogException">There is no such topic, it has as many already, …</exception>
    public async ValueTask<AddPartitionsResponse> AddPartitionsAsync(
        string name, int partitionCount, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentOutOfRangeException.ThrowIfLessThan(partitionCount, 1);
        AddPartitionsResponse response = await CallAsync<AddPartitionsRequest, AddPartitionsResponse>(
            new AddPartitionsRequest(TopicReference.ByName(name), partitionCount), isIdempotent: false, cancellationToken);
        _core.Metadata.Forget(name);
        return response;
    }

    /// <summary>Deletes a topic and its records. Not repeated when the answer is lost.</summary>
    /// <exception cref="FastLogException">There is no such topic, …</exception>
    public async ValueTask DeleteTopicAsync(string name, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(name);
        _core.Metadata.Forget(name);
        await CallAsync<DeleteTopicRequest, DeleteTopicResponse>(
            new DeleteTopicRequest(TopicReference.ByName(name)), isIdempotent: false, cancellationToken);
        _core.Metadata.Forget(name);
    }

    /// <summary>All topics, ascending by name.</summary>
    public async ValueTask<IReadOnlyList<TopicListing>> ListTopicsAsync(
        bool includeInternal = false, CancellationToken cancellationToken = default)
    {
        ListTopicsResponse response = await CallAsync<ListTopicsRequest, ListTopicsResponse>(
            new ListTopicsRequest(includeInternal), isIdempotent: true, cancellationToken);
        return response.Topics;
    }

    /// <summary>A topic's settings and the state of its partitions.</summary>
    /// <exception cref="FastLogException">There is no such topic, …</exception>
    public async ValueTask<DescribeTopicResponse> DescribeTopicAsync(
        string name, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(name);
        return await CallAsync<DescribeTopicRequest, DescribeTopicResponse>(
            new DescribeTopicRequest(TopicReference.ByName(name)), isIdempotent: true, cancellationToken);
    }

    /// <summary>The brokers and all topics with their leaders, as one broker knows them now.</summary>
    public async ValueTask<MetadataResponse> DescribeClusterAsync(CancellationToken cancellationToken = default)
    {
        MetadataResponse response = await CallAsync<MetadataRequest, MetadataResponse>(
            new MetadataRequest(
                AllTopics: true, [], [], AllowAutoCreate: false), isIdempotent: true, cancellationToken);
        _core.Metadata.Accept(response);
        return response;
    }

    /// <summary>The offset at earliest, latest or a time, for each partition, ascending by partition.</summary>
    /// <param name="at">Not a plain offset.</param>
    /// <exception cref="FastLogException">There is no such topic, a partition is not ready in time, …</exception>
    public async ValueTask<IReadOnlyList<PartitionOffset>> ListOffsetsAsync(
        string topic, StartPosition at, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(topic);
        if (at.Kind == StartKind.Offset)
            throw new ArgumentException("a plain offset needs no look-up", nameof(at));
        TopicSnapshot snapshot = await _core.Metadata.GetAsync(topic, allowCreate: false, cancellationToken);
        var partitions = new PartitionId[snapshot.Partitions.Count];
        for (int i = 0; i < partitions.Length; i++)
            partitions[i] = new PartitionId(i);
        return await OffsetLookups.FindAsync(_core, snapshot, partitions, at, cancellationToken);
    }

    /// <summary>
    /// Deletes the records of a partition below an offset: its log start moves there, durably, and never back. Safe to repeat.
    /// </summary>
    /// <param name="before">The first offset that stays; none: all that can be read goes.</param>
    /// <returns>The first offset that can be read now: <paramref name="before"/>, or later.</returns>
    /// <exception cref="FastLogException">
    /// There is no such topic or partition, the offset lies above the high watermark, …
    /// </exception>
    public async ValueTask<LogOffset> DeleteRecordsAsync(
        string topic, PartitionId partition, LogOffset before, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(topic);
        TopicSnapshot snapshot = await _core.Metadata.GetAsync(topic, allowCreate: false, cancellationToken);
        return await RecordDeletion.RunAsync(_core, snapshot, partition, before, cancellationToken);
    }

    /// <summary>The consumer groups that have committed offsets, ascending by id.</summary>
    public async ValueTask<IReadOnlyList<GroupListing>> ListGroupsAsync(CancellationToken cancellationToken = default)
    {
        ListGroupsResponse response = await CallAsync<ListGroupsRequest, ListGroupsResponse>(
            new ListGroupsRequest(string.Empty), isIdempotent: true, cancellationToken);
        return response.Groups;
    }

    /// <summary>What a group has committed, and the ends of those partitions.</summary>
    /// <exception cref="FastLogException">The group has committed nothing, …</exception>
    public async ValueTask<DescribeGroupResponse> DescribeGroupAsync(
        string groupId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(groupId);
        return await CallAsync<DescribeGroupRequest, DescribeGroupResponse>(
            new DescribeGroupRequest(groupId), isIdempotent: true, cancellationToken);
    }

    /// <summary>Forgets a group and all that it committed. Not repeated when the answer is lost.</summary>
    /// <exception cref="FastLogException">The group has committed nothing, …</exception>
    public async ValueTask DeleteGroupAsync(string groupId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(groupId);
        await CallAsync<DeleteGroupRequest, DeleteGroupResponse>(
            new DeleteGroupRequest(groupId), isIdempotent: false, cancellationToken);
    }

    /// <summary>
    /// Lets a group go on elsewhere; it is made if it is missing. A consumer that reads in its name meanwhile commits over it.
    /// </summary>
    /// <exception cref="FastLogException">A topic or partition does not exist, …</exception>
    public async ValueTask CommitOffsetsAsync(
        string groupId, IReadOnlyList<CommittedPosition> positions, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(groupId);
        ArgumentNullException.ThrowIfNull(positions);
        await OffsetCommits.CommitAsync(_core, groupId, positions, cancellationToken);
    }

    private async Task<TResponse> CallAsync<TRequest, TResponse>(
        TRequest request, bool isIdempotent, CancellationToken cancellationToken)
        where TRequest : IRequest<TRequest, TResponse>
        where TResponse : IMessage<TResponse>
    {
        using Activity? activity = ClientMetrics.Activities.StartActivity(TRequest.Api.ToString(), ActivityKind.Client);
        return await _core.RetryAsync(
            (connection, timeLeft, token) => connection.CallAsync<TRequest, TResponse>(request, timeLeft, token),
            isIdempotent,
            cancellationToken);
    }
}

/// <summary>An offset found in one partition.</summary>
/// <param name="Offset">None when asked by time and no record is at or after it.</param>
/// <param name="At">Asked by time: the found record's timestamp; else none.</param>
public readonly record struct PartitionOffset(PartitionId Partition, LogOffset Offset, Timestamp At);

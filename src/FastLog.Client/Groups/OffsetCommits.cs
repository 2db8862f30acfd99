using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Messages;

namespace FastLog.Client;

/// <summary>Stores and asks for committed offsets of a group. Thread-safe; a repeated commit does no harm.</summary>
internal static class OffsetCommits
{
    /// <exception cref="FastLogException">One partition or all could not be committed, no broker answers in time, …</exception>
    public static async Task CommitAsync(
        ClientCore core, string groupId, IReadOnlyList<CommittedPosition> positions, CancellationToken cancellationToken)
    {
        var topics = new Dictionary<string, TopicSnapshot>(StringComparer.Ordinal);
        foreach (string topic in positions.Select(static position => position.Topic).Distinct())
            topics.Add(topic, await core.Metadata.GetAsync(topic, allowCreate: false, cancellationToken));
        var partitions = new CommitOffsetsPartitionRequest[positions.Count];
        for (int i = 0; i < partitions.Length; i++)
        {
            CommittedPosition position = positions[i];
            partitions[i] = new CommitOffsetsPartitionRequest(
                new TopicPartition(topics[position.Topic].Id, position.Partition),
                position.Offset,
                position.LeaderEpoch,
                position.Metadata);
        }

        await CommitAsync(core, groupId, partitions, cancellationToken);
    }

    /// <inheritdoc cref="CommitAsync(ClientCore, string, IReadOnlyList{CommittedPosition}, CancellationToken)"/>
    public static async Task CommitAsync(
        ClientCore core,
        string groupId,
        IReadOnlyList<CommitOffsetsPartitionRequest> partitions,
        CancellationToken cancellationToken)
    {
        foreach (CommitOffsetsPartitionRequest[] chunk in partitions.Chunk(ClientLimits.FetchPartitionsMax))
            await CommitChunkAsync(core, groupId, chunk, cancellationToken);
    }

    private static async Task CommitChunkAsync(
        ClientCore core,
        string groupId,
        CommitOffsetsPartitionRequest[] partitions,
        CancellationToken cancellationToken)
    {
        var request = new CommitOffsetsRequest(groupId, string.Empty, GroupGeneration.None, partitions);
        CommitOffsetsResponse response = await core.RetryAsync(
            (connection, timeLeft, token) => connection.CallAsync<CommitOffsetsRequest, CommitOffsetsResponse>(
                request, timeLeft, token),
            isIdempotent: true,
            cancellationToken);
        foreach (CommitOffsetsPartitionResponse outcome in response.Partitions)
        {
            if (outcome.Error == ErrorCode.None)
                continue;
            string message = outcome.ErrorMessage.Length > 0 ? outcome.ErrorMessage : outcome.Error.Sentence();
            throw new FastLogException(
                outcome.Error, $"group {groupId}: partition {outcome.Partition.Partition} was not committed: {message}")
            {
                Partition = outcome.Partition.Partition,
                IsRetriable = outcome.Error.IsRetriable(),
            };
        }
    }

    /// <summary>The committed offsets of partitions of one topic, in their order; none where nothing is committed.</summary>
    /// <exception cref="FastLogException">No broker answers in time, …</exception>
    public static async Task<IReadOnlyList<FetchOffsetsPartitionResponse>> FetchAsync(
        ClientCore core,
        string groupId,
        TopicSnapshot topic,
        IReadOnlyList<PartitionId> partitions,
        CancellationToken cancellationToken)
    {
        var found = new List<FetchOffsetsPartitionResponse>(partitions.Count);
        foreach (PartitionId[] chunk in partitions.Chunk(ClientLimits.FetchPartitionsMax))
            found.AddRange(await FetchHalvesAsync(core, groupId, topic, chunk, cancellationToken));
        return found;
    }

    /// <summary>What was committed with them may be too much for one answer.</summary>
    private static async Task<IReadOnlyList<FetchOffsetsPartitionResponse>> FetchHalvesAsync(
        ClientCore core, string groupId, TopicSnapshot topic, PartitionId[] partitions, CancellationToken cancellationToken)
    {
        try
        {
            return await FetchChunkAsync(core, groupId, topic, partitions, cancellationToken);
        }
        catch (FastLogException failure) when (failure.Code == ErrorCode.FrameTooLarge && partitions.Length > 1)
        {
            int half = partitions.Length / 2;
            return
            [
                .. await FetchHalvesAsync(core, groupId, topic, partitions[..half], cancellationToken),
                .. await FetchHalvesAsync(core, groupId, topic, partitions[half..], cancellationToken),
            ];
        }
    }

    private static async Task<IReadOnlyList<FetchOffsetsPartitionResponse>> FetchChunkAsync(
        ClientCore core,
        string groupId,
        TopicSnapshot topic,
        PartitionId[] partitions,
        CancellationToken cancellationToken)
    {
        var request = new FetchOffsetsRequest(
            groupId, [.. partitions.Select(partition => new FetchOffsetsPartitionRequest(new TopicPartition(topic.Id, partition)))]);
        FetchOffsetsResponse response = await core.RetryAsync(
            (connection, timeLeft, token) => connection.CallAsync<FetchOffsetsRequest, FetchOffsetsResponse>(
                request, timeLeft, token),
            isIdempotent: true,
            cancellationToken);
        if (response.Partitions.Count != partitions.Length)
            throw new FastLogException(
                ErrorCode.InvalidFrame,
                $"group {groupId}: committed offsets of {response.Partitions.Count} partitions for {partitions.Length} asked");
        return response.Partitions;
    }
}

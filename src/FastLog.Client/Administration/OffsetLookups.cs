using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Messages;

namespace FastLog.Client;

/// <summary>Asks for the offsets of several partitions of a topic; any broker answers for all.</summary>
internal static class OffsetLookups
{
    /// <returns>One answer for each partition, in their order.</returns>
    /// <exception cref="FastLogException">A partition does not exist or is not ready in time, …</exception>
    public static async Task<IReadOnlyList<PartitionOffset>> FindAsync(
        ClientCore core,
        TopicSnapshot topic,
        IReadOnlyList<PartitionId> partitions,
        StartPosition at,
        CancellationToken cancellationToken)
    {
        OffsetQuery query = at.Kind switch
        {
            StartKind.Earliest => OffsetQuery.Earliest,
            StartKind.Latest => OffsetQuery.Latest,
            _ => OffsetQuery.AtTime,
        };
        TopicSnapshot current = topic;
        return await core.RetryAsync(AskAsync, isIdempotent: true, cancellationToken);

        async Task<IReadOnlyList<PartitionOffset>> AskAsync(
            BrokerConnection connection, TimeSpan timeLeft, CancellationToken token)
        {
            var questions = new ListOffsetsPartitionRequest[partitions.Count];
            for (int i = 0; i < questions.Length; i++)
                questions[i] = new ListOffsetsPartitionRequest(
                    new TopicPartition(current.Id, partitions[i]), LeaderEpoch.None, query, at.Time);
            ListOffsetsResponse response = await connection.CallAsync<ListOffsetsRequest, ListOffsetsResponse>(
                new ListOffsetsRequest(questions), timeLeft, token);
            if (response.Partitions.Count != questions.Length)
                throw new FastLogException(
                    ErrorCode.InvalidFrame,
                    $"{connection.Address} answered for {response.Partitions.Count} of {questions.Length} partitions");
            if (response.Partitions.Any(static answer => answer.Error == ErrorCode.UnknownTopicId))
            {
                // Cached under a name that meanwhile belongs to another topic, or to none.
                TopicSnapshot newer = await core.Metadata.RefreshAsync(current, token);
                if (newer.Id != current.Id)
                {
                    current = newer;
                    throw new FastLogException(ErrorCode.UnknownTopicId, "the topic was made again")
                    {
                        IsRetriable = true,
                    };
                }
            }

            return [.. response.Partitions.Select(answer => Read(answer, current.Name, connection.Address))];
        }
    }

    private static PartitionOffset Read(in ListOffsetsPartitionResponse answer, string topic, string broker)
    {
        if (answer.Error == ErrorCode.None)
            return new PartitionOffset(answer.Partition.Partition, answer.Offset, answer.At);
        string message = answer.ErrorMessage.Length > 0 ? answer.ErrorMessage : answer.Error.Sentence();
        throw new FastLogException(answer.Error, $"{topic}/{answer.Partition.Partition}: {message}")
        {
            Broker = broker,
            Topic = topic,
            Partition = answer.Partition.Partition,
            IsRetriable = answer.Error.IsRetriable(),
        };
    }
}

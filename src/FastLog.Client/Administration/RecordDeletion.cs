using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Messages;

namespace FastLog.Client;

/// <summary>Asks for a deletion of records until it is answered.</summary>
internal static class RecordDeletion
{
    /// <returns>The log start now.</returns>
    /// <exception cref="FastLogException">The partition does not exist, the offset is above the high watermark, …</exception>
    public static Task<LogOffset> RunAsync(
        ClientCore core,
        TopicSnapshot topic,
        PartitionId partition,
        LogOffset before,
        CancellationToken cancellationToken)
    {
        return core.RetryAsync(AskAsync, isIdempotent: true, cancellationToken);

        async Task<LogOffset> AskAsync(BrokerConnection connection, TimeSpan timeLeft, CancellationToken token)
        {
            var place = new TopicPartition(topic.Id, partition);
            DeleteRecordsResponse response = await connection.CallAsync<DeleteRecordsRequest, DeleteRecordsResponse>(
                new DeleteRecordsRequest([new DeleteRecordsPartitionRequest(place, LeaderEpoch.None, before)]),
                timeLeft,
                token);
            if (response.Partitions.Count != 1)
                throw new FastLogException(
                    ErrorCode.InvalidFrame, $"{connection.Address} answered for {response.Partitions.Count} of 1 partitions");
            DeleteRecordsPartitionResponse answer = response.Partitions[0];
            if (answer.Error == ErrorCode.None)
                return answer.LogStart;

            // Cached under a name that meanwhile belongs to another topic: records of that one were not meant.
            string message = answer.ErrorMessage.Length > 0 ? answer.ErrorMessage : answer.Error.Sentence();
            throw new FastLogException(answer.Error, $"{topic.Name}/{partition}: {message}")
            {
                Broker = connection.Address,
                Topic = topic.Name,
                Partition = partition,
                IsRetriable = answer.Error.IsRetriable(),
            };
        }
    }
}

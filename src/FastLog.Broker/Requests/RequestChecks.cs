using FastLog.Broker.Partitions;
using FastLog.Primitives;
using FastLog.Protocol;

namespace FastLog.Broker.Requests;

/// <summary>Checks that produce, fetch and list-offsets share.</summary>
internal static class RequestChecks
{
    /// <summary>Up to here each pair is compared; above, a set is made.</summary>
    private const int PairsMax = 16;

    /// <summary>Above so many partitions their errors come without a sentence, so that any response fits its body.</summary>
    private const int SentencesMax = 1_000;

    public static RequestError PartitionCount(int count) => new(
        ErrorCode.InvalidRequest, $"{count} partitions in one request; allowed: 1 to {BrokerLimits.PartitionsPerRequestMax}");

    public static string Sentence(string message, int partitions) => partitions <= SentencesMax ? message : "";

    /// <summary>Each partition at most once.</summary>
    public static RequestError AllDifferent<T>(ReadOnlySpan<T> items, Func<T, TopicPartition> partitionOf)
    {
        HashSet<TopicPartition>? seen = items.Length > PairsMax ? [] : null;
        for (int i = 0; i < items.Length; i++)
        {
            TopicPartition partition = partitionOf(items[i]);
            bool isNew = seen?.Add(partition) ?? !Contains(items[..i], partition, partitionOf);
            if (!isNew)
                return new RequestError(ErrorCode.InvalidRequest, $"partition {partition} is named twice in one request");
        }

        return RequestError.None;
    }

    private static bool Contains<T>(ReadOnlySpan<T> items, TopicPartition partition, Func<T, TopicPartition> partitionOf)
    {
        foreach (T item in items)
        {
            if (partitionOf(item) == partition)
                return true;
        }

        return false;
    }
}

using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Messages;

namespace FastLog.Client;

/// <summary>A partition's error in a fetch response as an exception.</summary>
internal static class FetchErrors
{
    /// <summary>Where the partition may be by now is for the metadata to tell.</summary>
    public static bool IsMisplaced(ErrorCode code) => code
        is ErrorCode.NotLeader
        or ErrorCode.FencedEpoch
        or ErrorCode.UnknownTopicId
        or ErrorCode.UnknownPartition
        or ErrorCode.ShuttingDown;

    public static FastLogException Of(
        PartitionCursor cursor, LogOffset asked, in FetchPartitionResponse answer, string broker)
    {
        string said = answer.ErrorMessage.Length > 0 ? answer.ErrorMessage : answer.Error.Sentence();
        string message = $"{cursor.Topic}/{cursor.Partition} at offset {asked}: {said}";
        return answer.Error switch
        {
            ErrorCode.OffsetOutOfRange =>
                Assigning.OutOfRange(cursor.Topic, cursor.Partition, asked, answer.LogStart, answer.HighWatermark),
            ErrorCode.LogTruncated => new LogTruncatedException(message, answer.DivergingEpoch, answer.EpochEnd)
            {
                Broker = broker,
                Topic = cursor.Topic,
                Partition = cursor.Partition,
            },
            ErrorCode.CorruptLog => new CorruptBatchException(message, asked)
            {
                Broker = broker,
                Topic = cursor.Topic,
                Partition = cursor.Partition,
                ResumeAt = answer.CorruptEnd,
            },
            _ => new FastLogException(answer.Error, message)
            {
                Broker = broker,
                Topic = cursor.Topic,
                Partition = cursor.Partition,
                IsRetriable = answer.Error.IsRetriable(),
            },
        };
    }
}

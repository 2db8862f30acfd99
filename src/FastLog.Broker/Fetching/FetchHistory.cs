using FastLog.Primitives;
using FastLog.Storage;

namespace FastLog.Broker.Fetching;

/// <summary>Where a reader's history and the log's part: the largest epoch that both may share, and its end in the log.</summary>
internal readonly record struct EpochDivergence(LeaderEpoch Epoch, LogOffset End);

/// <summary>Compares what a reader has seen with the log's epochs.</summary>
internal static class FetchHistory
{
    /// <summary>Null when the histories agree, or the reader does not tell its last epoch.</summary>
    /// <param name="log">The log.</param>
    /// <param name="next">The reader's next offset.</param>
    /// <param name="lastEpoch">The epoch of the batch before it.</param>
    public static EpochDivergence? Compare(PartitionLog log, LogOffset next, LeaderEpoch lastEpoch)
    {
        if (lastEpoch == LeaderEpoch.None)
            return null;
        LeaderEpoch current = log.LeaderEpoch;
        return lastEpoch > current ? new EpochDivergence(current, log.LogEnd) : null;
    }
}

using FastLog.Primitives;
using FastLog.Storage;
using FastLog.Storage.Epochs;

namespace FastLog.Broker.Fetching;

/// <summary>Compares what a reader has seen with the log's epochs.</summary>
internal static class FetchHistory
{
    /// <summary>
    /// Null when the histories agree, or the reader does not tell its last epoch; else the largest epoch that both may share,
    /// and its end in the log.
    /// </summary>
    /// <param name="log">The log.</param>
    /// <param name="next">The reader's next offset.</param>
    /// <param name="lastEpoch">The epoch of the batch before it.</param>
    public static EpochEnd? Compare(PartitionLog log, LogOffset next, LeaderEpoch lastEpoch)
    {
        if (lastEpoch == LeaderEpoch.None)
            return null;
        EpochEnd known = log.FindEpochEnd(lastEpoch);
        bool agrees = known.Epoch == lastEpoch && next <= known.End;
        if (agrees)
            return null;

        // All epochs that the log has are later: nothing below its start is shared.
        return known.Epoch == LeaderEpoch.None ? new EpochEnd(LeaderEpoch.None, log.LogStart) : known;
    }
}

using FastLog.Primitives;
using FastLog.Records;

namespace FastLog.Client;

/// <summary>What the headers of a run of batches tell.</summary>
/// <param name="From">The first offset wanted.</param>
/// <param name="Next">Where to go on; at most the end that is wanted.</param>
/// <param name="LastEpoch">Leader epoch of the last batch.</param>
internal readonly record struct BatchRun(LogOffset From, LogOffset Next, LeaderEpoch LastEpoch, LogOffset HighWatermark)
{
    /// <summary>
    /// Looks at the headers: whole batches whose offsets rise, the first not wholly below what is wanted.
    /// </summary>
    /// <param name="stopAt">Where reading ends (exclusive), or none.</param>
    public static BatchStatus TryRead(
        ReadOnlySpan<byte> bytes, LogOffset from, LogOffset stopAt, LogOffset highWatermark, out BatchRun run)
    {
        run = default;
        var batches = new BatchReader(bytes, BatchCheck.Structure);
        LogOffset next = LogOffset.None;
        LeaderEpoch epoch = LeaderEpoch.None;
        while (batches.Read())
        {
            BatchHeader header = batches.Header;
            if (header.BaseOffset < next)
                return BatchStatus.BaseOffsetInvalid;
            next = header.NextOffset;
            epoch = header.LeaderEpoch;
        }

        if (batches.Status != BatchStatus.Ok)
            return batches.Status;
        if (next <= from)
            return BatchStatus.BaseOffsetInvalid;
        LogOffset end = stopAt.IsNone ? next : LogOffset.Min(next, stopAt);
        run = new BatchRun(from, end, epoch, highWatermark);
        return BatchStatus.Ok;
    }
}

using FastLog.Primitives;
using FastLog.Records;

namespace FastLog.Client;

/// <summary>What the headers of a run of batches tell.</summary>
/// <param name="From">The first offset wanted.</param>
/// <param name="Next">Where to go on; at most the end that is wanted.</param>
/// <param name="LastEpoch">Leader epoch of the last batch.</param>
/// <param name="Size">Bytes of the batches that lead on; what follows them is damaged.</param>
internal readonly record struct BatchRun(
    LogOffset From, LogOffset Next, LeaderEpoch LastEpoch, LogOffset HighWatermark, int Size)
{
    /// <summary>
    /// Looks at the headers: whole batches, the first one with the wanted offset, each one where the one before ends. No
    /// broker looks at all headers of what it sends, and they are not under the batches' own CRCs: a run ends before the first
    /// that does not lead on, and the next question begins there.
    /// </summary>
    /// <param name="stopAt">Where reading ends (exclusive), or none.</param>
    public static BatchStatus TryRead(
        ReadOnlySpan<byte> bytes, LogOffset from, LogOffset stopAt, LogOffset highWatermark, out BatchRun run)
    {
        run = default;
        var batches = new BatchReader(bytes, BatchCheck.Structure);
        LogOffset next = LogOffset.None;
        LeaderEpoch epoch = LeaderEpoch.None;
        int size = 0;
        while (batches.Read())
        {
            BatchHeader header = batches.Header;
            bool follows = next.IsNone ? header.BaseOffset <= from && header.NextOffset > from : header.BaseOffset == next;
            if (!follows)
                break;
            next = header.NextOffset;
            epoch = header.LeaderEpoch;
            size = batches.End;
        }

        if (next.IsNone)
            return batches.Status == BatchStatus.Ok ? BatchStatus.BaseOffsetInvalid : batches.Status;
        LogOffset end = stopAt.IsNone ? next : LogOffset.Min(next, stopAt);
        run = new BatchRun(from, end, epoch, highWatermark, size);
        return BatchStatus.Ok;
    }
}

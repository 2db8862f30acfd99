using FastLog.Primitives;
using FastLog.Records;

namespace FastLog.Storage.Appending;

/// <summary>What the section needs to know of an append without a look at its batches.</summary>
/// <param name="OffsetCount">Offsets that the batches take.</param>
/// <param name="HasProducers">A batch is part of a producer's sequence.</param>
internal readonly record struct AppendSummary(long OffsetCount, bool HasProducers);

/// <summary>What is checked of an append before it enters the section, on the caller's thread.</summary>
internal static class AppendCheck
{
    /// <param name="batches">Batches one after the other.</param>
    /// <param name="limits">Sizes and times allowed.</param>
    /// <param name="needsKeys">
    /// The topic is compacted: the one case in which the broker reads the records of an append, as one without a key would never
    /// go, and one that cannot be read would keep its segment from being compacted.
    /// </param>
    /// <param name="summary">What the section needs to know of them.</param>
    /// <returns>Ok, or why the append is refused as a whole.</returns>
    public static AppendResult Run(
        ReadOnlySpan<byte> batches, in BatchLimits limits, bool needsKeys, out AppendSummary summary)
    {
        summary = default;
        long offsetCount = 0;
        bool hasProducers = false;
        if (batches.IsEmpty)
            return new AppendResult { Status = AppendStatus.InvalidBatch, Reason = BatchStatus.NeedMoreData };
        if (batches.Length > StorageLimits.AppendSizeMax)
            return new AppendResult { Status = AppendStatus.TooLarge, Reason = BatchStatus.TooLarge };
        int count = 0;
        while (!batches.IsEmpty)
        {
            if (++count > StorageLimits.AppendBatchesMax)
                return new AppendResult { Status = AppendStatus.TooLarge, Reason = BatchStatus.TooLarge };
            BatchStatus status = BatchHeader.TryRead(batches, out BatchHeader header);
            if (status != BatchStatus.Ok)
                return Refused(status);
            if (header.BatchSize > limits.SizeMax)
                return Refused(BatchStatus.TooLarge);
            if (header.BatchSize > batches.Length)
                return Refused(BatchStatus.NeedMoreData);
            status = BatchValidator.Validate(batches[..header.BatchSize], limits);
            if (status == BatchStatus.Ok && needsKeys)
                status = CheckKeys(batches[..header.BatchSize]);
            if (status != BatchStatus.Ok)
                return Refused(status);
            offsetCount += header.LastOffsetDelta + 1L;
            hasProducers |= header.ProducerId >= 0;
            batches = batches[header.BatchSize..];
        }

        summary = new AppendSummary(offsetCount, hasProducers);
        return new AppendResult { Status = AppendStatus.Ok };
    }

    private static BatchStatus CheckKeys(ReadOnlySpan<byte> batch)
    {
        using var inflate = new InflateBuffer(BufferPool.Shared);
        return BatchValidator.CheckKeys(batch, inflate);
    }

    private static AppendResult Refused(BatchStatus status) => new()
    {
        Status = status switch
        {
            BatchStatus.TooLarge => AppendStatus.TooLarge,
            BatchStatus.TimestampInvalid => AppendStatus.TimestampInvalid,
            _ => AppendStatus.InvalidBatch,
        },
        Reason = status,
    };
}

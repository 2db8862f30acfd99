using FastLog.Primitives;
using FastLog.Records;

namespace FastLog.Broker.Groups;

/// <summary>Told which offsets of the internal topic are damaged, the last one inclusive.</summary>
internal delegate void OffsetsDamaged(LogOffset firstOffset, LogOffset lastOffset);

/// <summary>Changes as record batches for the internal topic, and back.</summary>
internal static class OffsetBatches
{
    /// <summary>A batch is ended before it grows past this, in bytes: far below what a topic allows.</summary>
    private const int BatchSizeMax = 256 * 1024;

    /// <summary>Whole batches, one after the other, to be appended in one go.</summary>
    public static Memory<byte> Encode(IReadOnlyList<OffsetChange> changes, Timestamp now)
    {
        using var batches = new MemoryStream();
        var builder = new BatchBuilder(new byte[BatchSizeMax]);
        foreach (OffsetChange change in changes)
        {
            byte[] key = OffsetRecord.Key(change.GroupId, change.Partition);
            byte[]? value = change.Value is { } committed ? OffsetRecord.Value(committed) : null;
            if (builder.TryAppend(now, key, value))
                continue;
            batches.Write(builder.Build().Span);
            builder.Reset(new byte[BatchSizeMax]);
            Invariant.Check(builder.TryAppend(now, key, value));
        }

        batches.Write(builder.Build().Span);
        return batches.GetBuffer().AsMemory(0, (int)batches.Length);
    }

    /// <summary>
    /// Takes the changes of whole batches over, in order; tells those whose checksum does not match, and counts the records that
    /// no version of ours wrote.
    /// </summary>
    public static BatchStatus Read(ReadOnlySpan<byte> bytes, GroupTable into, OffsetsDamaged damaged, ref int unknownRecords)
    {
        using var inflated = new InflateBuffer(BufferPool.Shared);
        var batches = new BatchReader(bytes, BatchCheck.Structure);
        while (batches.Read())
        {
            if (!new BatchReader(batches.Batch, BatchCheck.Checksum).Read())
            {
                damaged(batches.Header.BaseOffset, batches.Header.LastOffset);
                continue;
            }

            if (batches.Header.Attributes.IsControl)
                continue;
            BatchStatus status = batches.TryOpenRecords(inflated, out RecordReader records);
            if (status != BatchStatus.Ok)
                return status;
            while (records.Read())
            {
                if (TryRead(records, out OffsetChange change))
                    into.Apply(change);
                else
                    unknownRecords++;
            }

            if (records.Status != BatchStatus.Ok)
                return records.Status;
        }

        return batches.Status;
    }

    private static bool TryRead(in RecordReader record, out OffsetChange change)
    {
        change = default;
        if (record.Key.IsNull || !OffsetRecord.TryReadKey(record.Key.Span, out string? group, out TopicPartition partition))
            return false;
        change = new OffsetChange(group, partition, null);
        if (record.Value.IsNull)
            return true;
        if (!OffsetRecord.TryReadValue(record.Value.Span, out CommittedOffset committed))
            return false;
        change = change with { Value = committed };
        return true;
    }
}

using FastLog.Primitives;

namespace FastLog.Records;

/// <summary>
/// Checks whole batches without looking at their records: the work is the CRC and a few fields, whatever the number of
/// records. Thread-safe.
/// </summary>
public static class BatchValidator
{
    /// <summary>What a broker checks before it appends a client's batch; the bytes must be exactly one batch.</summary>
    public static BatchStatus Validate(ReadOnlySpan<byte> oneBatch, in BatchLimits limits) =>
        Validate(oneBatch, limits, out _);

    /// <inheritdoc cref="Validate(ReadOnlySpan{byte}, in BatchLimits)"/>
    public static BatchStatus Validate(ReadOnlySpan<byte> oneBatch, in BatchLimits limits, out BatchHeader header)
    {
        BatchStatus status = CheckFrame(oneBatch, limits.SizeMax, out header);
        if (status != BatchStatus.Ok)
            return status;
        status = CheckClientAttributes(header.Attributes);
        if (status != BatchStatus.Ok)
            return status;
        if (header.RecordCount is <= 0 or > RecordLimits.RecordCountMax)
            return BatchStatus.RecordCountInvalid;
        if (header.LastOffsetDelta != header.RecordCount - 1)
            return BatchStatus.LastOffsetDeltaInvalid;
        if (!CountFits(header))
            return BatchStatus.RecordCountInvalid;
        if (header.MaxTimestamp < header.BaseTimestamp)
            return BatchStatus.TimestampInvalid;
        if (header.MaxTimestamp > limits.TimestampMax)
            return BatchStatus.TimestampInvalid;
        if (!IsWhole(header.Producer))
            return BatchStatus.ProducerInvalid;
        return CheckCrc(oneBatch, header);
    }

    /// <summary>
    /// What recovery and tools check of a batch that a broker wrote: structure and CRC. Gaps, emptied batches, control
    /// and transactional ones and every known codec are right there. The bytes must be exactly one batch.
    /// </summary>
    public static BatchStatus ValidateStored(ReadOnlySpan<byte> oneBatch, int sizeMax, out BatchHeader header)
    {
        BatchStatus status = CheckFrame(oneBatch, sizeMax, out header);
        if (status != BatchStatus.Ok)
            return status;
        if (header.Attributes.HasUnknownBits)
            return BatchStatus.AttributesUnknown;
        if (!Compression.IsKnown(header.Codec))
            return BatchStatus.CodecUnknown;
        if (header.RecordCount < 0)
            return BatchStatus.RecordCountInvalid;
        if (header.RecordCount > header.LastOffsetDelta + 1L)
            return BatchStatus.RecordCountInvalid;
        if (!CountFits(header))
            return BatchStatus.RecordCountInvalid;
        return CheckCrc(oneBatch, header);
    }

    /// <summary>
    /// For compacted topics: reads all records of a valid batch, and that each has a key. Compressed ones are inflated, within the
    /// buffer's limits.
    /// </summary>
    public static BatchStatus CheckKeys(ReadOnlySpan<byte> oneBatch, InflateBuffer buffer)
    {
        BatchStatus status = RecordReader.TryOpen(oneBatch, buffer, out RecordReader record);
        if (status != BatchStatus.Ok)
            return status;
        while (record.Read())
        {
            if (record.Key.IsNull)
                return BatchStatus.KeyMissing;
        }

        return record.Status;
    }

    /// <summary>Compares the CRC with the bytes of the whole batch that the header was read from.</summary>
    public static BatchStatus CheckCrc(ReadOnlySpan<byte> oneBatch, in BatchHeader header)
    {
        uint crc = Crc32C.Compute(oneBatch[BatchHeaderLayout.CrcCoversFrom..header.BatchSize]);
        return crc == header.Crc ? BatchStatus.Ok : BatchStatus.CrcMismatch;
    }

    private static BatchStatus CheckFrame(ReadOnlySpan<byte> bytes, int sizeMax, out BatchHeader header)
    {
        BatchStatus status = BatchHeader.TryRead(bytes, out header);
        if (status != BatchStatus.Ok)
            return status;
        if (header.BatchSize > sizeMax)
            return BatchStatus.TooLarge;
        if (header.BatchSize > bytes.Length)
            return BatchStatus.NeedMoreData;
        return header.BatchSize < bytes.Length ? BatchStatus.TrailingBytes : BatchStatus.Ok;
    }

    private static BatchStatus CheckClientAttributes(BatchAttributes attributes)
    {
        if (attributes.HasUnknownBits)
            return BatchStatus.AttributesUnknown;
        if (attributes.IsControl)
            return BatchStatus.ControlForbidden;
        if (attributes.IsTransactional)
            return BatchStatus.TransactionalForbidden;
        if (attributes.HasDeleteHorizon)
            return BatchStatus.DeleteHorizonForbidden;
        if (attributes.IsAppendTime)
            return BatchStatus.AppendTimeForbidden;

        // Any known one: a batch passes as bytes, and who reads it needs the codec's library, not who stores it.
        return Compression.IsKnown(attributes.Codec) ? BatchStatus.Ok : BatchStatus.CodecUnknown;
    }

    private static bool CountFits(in BatchHeader header)
    {
        if (header.Codec != Codec.None)
            return true;
        int recordBytes = header.BatchSize - BatchHeaderLayout.HeaderSize;
        return header.RecordCount <= recordBytes / RecordLimits.RecordSizeMin;
    }

    private static bool IsWhole(BatchProducer producer)
    {
        if (producer == BatchProducer.None)
            return true;
        return producer.Id >= 0 && producer.Epoch >= 0 && producer.BaseSequence >= 0;
    }
}

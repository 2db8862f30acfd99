using System.Buffers.Binary;
using FastLog.Primitives;

namespace FastLog.Records;

/// <summary>
/// A batch without records that stands for offsets whose batches were all removed, so that base offsets still follow each
/// other without a gap. Thread-safe.
/// </summary>
public static class GapBatch
{
    /// <summary>Bytes of one, whatever it spans.</summary>
    public const int Size = BatchHeaderLayout.HeaderSize;

    /// <summary>True for a batch that stands for nothing but its offsets: it may be joined with others.</summary>
    public static bool IsOne(in BatchHeader header) =>
        header.RecordCount == 0 && header.BatchSize == Size && header.Producer == BatchProducer.None
        && header.Attributes.Value == 0;

    /// <param name="batch"><see cref="Size"/> bytes.</param>
    /// <param name="first">The first offset it stands for.</param>
    /// <param name="end">The offset after the last one (exclusive), at most 2^31 - 1 above.</param>
    /// <param name="epoch">The leader epoch of what was there.</param>
    public static void Write(Span<byte> batch, LogOffset first, LogOffset end, LeaderEpoch epoch)
    {
        batch = batch[..Size];
        batch.Clear();
        int lastOffsetDelta = checked((int)(end.Since(first) - 1));
        Invariant.Check(lastOffsetDelta >= 0);
        BinaryPrimitives.WriteInt32BigEndian(batch[BatchHeaderLayout.LengthAt..], Size - BatchHeaderLayout.LengthPrefixSize);
        batch[BatchHeaderLayout.MagicAt] = BatchHeaderLayout.Magic;
        BinaryPrimitives.WriteInt32BigEndian(batch[BatchHeaderLayout.LastOffsetDeltaAt..], lastOffsetDelta);
        BinaryPrimitives.WriteInt64BigEndian(batch[BatchHeaderLayout.BaseTimestampAt..], Timestamp.None.UnixMilliseconds);
        BinaryPrimitives.WriteInt64BigEndian(batch[BatchHeaderLayout.MaxTimestampAt..], Timestamp.None.UnixMilliseconds);
        BinaryPrimitives.WriteInt64BigEndian(batch[BatchHeaderLayout.ProducerIdAt..], BatchProducer.None.Id);
        BinaryPrimitives.WriteInt16BigEndian(batch[BatchHeaderLayout.ProducerEpochAt..], BatchProducer.None.Epoch);
        BinaryPrimitives.WriteInt32BigEndian(batch[BatchHeaderLayout.BaseSequenceAt..], BatchProducer.None.BaseSequence);
        uint crc = Crc32C.Compute(batch[BatchHeaderLayout.CrcCoversFrom..]);
        BinaryPrimitives.WriteUInt32BigEndian(batch[BatchHeaderLayout.CrcAt..], crc);
        BatchStamp.Stamp(batch, first, epoch);
    }
}

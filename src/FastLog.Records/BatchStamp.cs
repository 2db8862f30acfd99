using System.Buffers.Binary;
using FastLog.Primitives;

namespace FastLog.Records;

/// <summary>Writes what a batch is given after it was built.</summary>
public static class BatchStamp
{
    /// <summary>
    /// Writes what the leader gives a batch, given from its first byte, in place; it lies outside of the CRC, so nothing is computed
    /// anew.
    /// </summary>
    public static void Stamp(Span<byte> batch, LogOffset baseOffset, LeaderEpoch epoch)
    {
        Invariant.Check(baseOffset.Value >= 0);
        BinaryPrimitives.WriteInt64BigEndian(batch[BatchHeaderLayout.BaseOffsetAt..], baseOffset.Value);
        BinaryPrimitives.WriteInt32BigEndian(batch[BatchHeaderLayout.LeaderEpochAt..], epoch.Value);
    }

    /// <summary>
    /// Changes the idempotence triple of the batch, which is exactly the bytes, in place; it lies inside of the CRC, which is
    /// computed anew. For the batch's own producer.
    /// </summary>
    public static void StampProducer(Span<byte> batch, BatchProducer producer)
    {
        BinaryPrimitives.WriteInt64BigEndian(batch[BatchHeaderLayout.ProducerIdAt..], producer.Id);
        BinaryPrimitives.WriteInt16BigEndian(batch[BatchHeaderLayout.ProducerEpochAt..], producer.Epoch);
        BinaryPrimitives.WriteInt32BigEndian(batch[BatchHeaderLayout.BaseSequenceAt..], producer.BaseSequence);
        BinaryPrimitives.WriteUInt32BigEndian(
            batch[BatchHeaderLayout.CrcAt..], Crc32C.Compute(batch[BatchHeaderLayout.CrcCoversFrom..]));
    }
}

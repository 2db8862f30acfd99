using System.Buffers.Binary;
using FastLog.Primitives;
using FastLog.Records;

namespace FastLog.Storage.Producers;

/// <summary>What the sequence rules look at in a batch.</summary>
/// <param name="Producer">Id, epoch and first sequence; the id is negative in a batch without a producer.</param>
/// <param name="BaseOffset">As stamped.</param>
/// <param name="LastDelta">Its last record's distance from the first, in offsets and in sequences.</param>
internal readonly record struct SequencedBatch(BatchProducer Producer, LogOffset BaseOffset, int LastDelta)
{
    public bool HasProducer => Producer.Id >= 0;

    public int LastSequence => ProducerSequence.Plus(Producer.BaseSequence, LastDelta);

    /// <summary>The first batch of bytes that were validated, and its size.</summary>
    public static SequencedBatch Read(ReadOnlySpan<byte> batches, out int size)
    {
        size = BatchHeaderLayout.LengthPrefixSize
            + BinaryPrimitives.ReadInt32BigEndian(batches[BatchHeaderLayout.LengthAt..]);
        return new SequencedBatch(
            new BatchProducer(
                BinaryPrimitives.ReadInt64BigEndian(batches[BatchHeaderLayout.ProducerIdAt..]),
                BinaryPrimitives.ReadInt16BigEndian(batches[BatchHeaderLayout.ProducerEpochAt..]),
                BinaryPrimitives.ReadInt32BigEndian(batches[BatchHeaderLayout.BaseSequenceAt..])),
            new LogOffset(BinaryPrimitives.ReadInt64BigEndian(batches[BatchHeaderLayout.BaseOffsetAt..])),
            BinaryPrimitives.ReadInt32BigEndian(batches[BatchHeaderLayout.LastOffsetDeltaAt..]));
    }
}

using System.Buffers.Binary;
using FastLog.Primitives;

namespace FastLog.Records;

/// <summary>The fields of a batch header. The offsets of one that was read cannot overflow.</summary>
public readonly record struct BatchHeader
{
    /// <summary>The offset of the first record (or of the first that was there before compaction).</summary>
    public LogOffset BaseOffset { get; init; }

    /// <summary>The whole batch in bytes, header included.</summary>
    public int BatchSize { get; init; }

    public LeaderEpoch LeaderEpoch { get; init; }

    /// <summary>CRC-32C of the bytes from <see cref="BatchHeaderLayout.CrcCoversFrom"/> to the end.</summary>
    public uint Crc { get; init; }

    public BatchAttributes Attributes { get; init; }

    public int LastOffsetDelta { get; init; }

    /// <summary>What the records' timestamps count from; the delete horizon where that bit is set.</summary>
    public Timestamp BaseTimestamp { get; init; }

    public Timestamp MaxTimestamp { get; init; }

    public BatchProducer Producer { get; init; }

    /// <summary>How many records are in the batch; fewer than the offsets it spans after compaction.</summary>
    public int RecordCount { get; init; }

    public long ProducerId => Producer.Id;

    public short ProducerEpoch => Producer.Epoch;

    public int BaseSequence => Producer.BaseSequence;

    /// <summary>The last offset the batch spans, inclusive.</summary>
    public LogOffset LastOffset => BaseOffset.Plus(LastOffsetDelta);

    /// <summary>The base offset of the batch that follows in a dense log.</summary>
    public LogOffset NextOffset => BaseOffset.Plus(LastOffsetDelta + 1L);

    public Codec Codec => Attributes.Codec;

    /// <summary>
    /// Reads a header from the start of the bytes; the records need not be there. Checks sizes, magic and that the
    /// offsets cannot overflow; not the CRC. The header is set with <see cref="BatchStatus.Ok"/> only.
    /// </summary>
    public static BatchStatus TryRead(ReadOnlySpan<byte> bytes, out BatchHeader header)
    {
        header = default;
        if (bytes.Length < BatchHeaderLayout.LengthPrefixSize)
            return BatchStatus.NeedMoreData;
        int length = ReadInt32(bytes, BatchHeaderLayout.LengthAt);
        if (length < BatchHeaderLayout.HeaderSize - BatchHeaderLayout.LengthPrefixSize)
            return BatchStatus.SizeInvalid;
        if (length > int.MaxValue - BatchHeaderLayout.LengthPrefixSize)
            return BatchStatus.SizeInvalid;
        if (bytes.Length > BatchHeaderLayout.MagicAt && bytes[BatchHeaderLayout.MagicAt] != BatchHeaderLayout.Magic)
            return BatchStatus.MagicUnknown;
        if (bytes.Length < BatchHeaderLayout.HeaderSize)
            return BatchStatus.NeedMoreData;

        long baseOffset = ReadInt64(bytes, BatchHeaderLayout.BaseOffsetAt);
        if (baseOffset is < 0 or > long.MaxValue - int.MaxValue - 1L)
            return BatchStatus.BaseOffsetInvalid;
        int lastOffsetDelta = ReadInt32(bytes, BatchHeaderLayout.LastOffsetDeltaAt);
        if (lastOffsetDelta < 0)
            return BatchStatus.LastOffsetDeltaInvalid;
        header = new BatchHeader
        {
            BaseOffset = new LogOffset(baseOffset),
            BatchSize = BatchHeaderLayout.LengthPrefixSize + length,
            LeaderEpoch = new LeaderEpoch(ReadInt32(bytes, BatchHeaderLayout.LeaderEpochAt)),
            Crc = (uint)ReadInt32(bytes, BatchHeaderLayout.CrcAt),
            Attributes = new BatchAttributes(ReadInt16(bytes, BatchHeaderLayout.AttributesAt)),
            LastOffsetDelta = lastOffsetDelta,
            BaseTimestamp = new Timestamp(ReadInt64(bytes, BatchHeaderLayout.BaseTimestampAt)),
            MaxTimestamp = new Timestamp(ReadInt64(bytes, BatchHeaderLayout.MaxTimestampAt)),
            Producer = new BatchProducer(
                ReadInt64(bytes, BatchHeaderLayout.ProducerIdAt),
                ReadInt16(bytes, BatchHeaderLayout.ProducerEpochAt),
                ReadInt32(bytes, BatchHeaderLayout.BaseSequenceAt)),
            RecordCount = ReadInt32(bytes, BatchHeaderLayout.RecordCountAt),
        };
        return BatchStatus.Ok;
    }

    private static short ReadInt16(ReadOnlySpan<byte> bytes, int at) =>
        BinaryPrimitives.ReadInt16BigEndian(bytes[at..]);

    private static int ReadInt32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt32BigEndian(bytes[at..]);

    private static long ReadInt64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt64BigEndian(bytes[at..]);
}

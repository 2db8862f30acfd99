namespace FastLog.Records;

/// <summary>
/// Where the fields of a batch header lie, in bytes from the start of the batch, big-endian
/// (<c>protocol-spec/disk/record-batch.md</c>).
/// </summary>
public static class BatchHeaderLayout
{
    public const byte Magic = 2;

    public const int BaseOffsetAt = 0;
    public const int LengthAt = BaseOffsetAt + sizeof(long);

    /// <summary>What precedes the bytes that the length field counts: a batch's size is this plus that field.</summary>
    public const int LengthPrefixSize = LengthAt + sizeof(int);

    public const int LeaderEpochAt = LengthPrefixSize;
    public const int MagicAt = LeaderEpochAt + sizeof(int);
    public const int CrcAt = MagicAt + sizeof(byte);

    /// <summary>The CRC covers everything from here to the end of the batch.</summary>
    public const int CrcCoversFrom = CrcAt + sizeof(uint);

    /// <summary>What the chain CRC takes of each batch: what its own CRC leaves out, and that CRC.</summary>
    public const int ChainPrefixSize = CrcCoversFrom;

    public const int AttributesAt = CrcCoversFrom;
    public const int LastOffsetDeltaAt = AttributesAt + sizeof(short);
    public const int BaseTimestampAt = LastOffsetDeltaAt + sizeof(int);
    public const int MaxTimestampAt = BaseTimestampAt + sizeof(long);
    public const int ProducerIdAt = MaxTimestampAt + sizeof(long);
    public const int ProducerEpochAt = ProducerIdAt + sizeof(long);
    public const int BaseSequenceAt = ProducerEpochAt + sizeof(short);
    public const int RecordCountAt = BaseSequenceAt + sizeof(int);

    /// <summary>The header's size; the records follow.</summary>
    public const int HeaderSize = RecordCountAt + sizeof(int);
}

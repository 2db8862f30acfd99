namespace FastLog.Records;

/// <summary>The attribute bits of a batch header.</summary>
public readonly record struct BatchAttributes(short Value)
{
    public const short CodecMask = 0b111;
    public const short AppendTimeBit = 1 << 3;
    public const short TransactionalBit = 1 << 4;
    public const short ControlBit = 1 << 5;
    public const short DeleteHorizonBit = 1 << 6;
    public const short KnownBits = CodecMask | AppendTimeBit | TransactionalBit | ControlBit | DeleteHorizonBit;

    /// <summary>The codec's number; only <see cref="Compression.IsKnown"/> ones have a name.</summary>
    public Codec Codec => (Codec)(Value & CodecMask);

    /// <summary>All records have the batch's max timestamp, given by the broker.</summary>
    public bool IsAppendTime => (Value & AppendTimeBit) != 0;

    public bool IsTransactional => (Value & TransactionalBit) != 0;

    /// <summary>The records are markers of transactions, not for applications.</summary>
    public bool IsControl => (Value & ControlBit) != 0;

    /// <summary>The base timestamp is the time from which tombstones in the batch may go.</summary>
    public bool HasDeleteHorizon => (Value & DeleteHorizonBit) != 0;

    public bool HasUnknownBits => (Value & ~KnownBits) != 0;
}

namespace FastLog.Records;

/// <summary>What was found in the bytes of a batch.</summary>
public enum BatchStatus
{
    Ok = 0,

    /// <summary>What is there is good so far, but the batch goes on.</summary>
    NeedMoreData,

    /// <summary>The length field is smaller than a header or does not fit 31 bits.</summary>
    SizeInvalid,

    /// <summary>The batch is larger than the limit.</summary>
    TooLarge,

    /// <summary>Bytes follow where the batch must have ended.</summary>
    TrailingBytes,

    /// <summary>The magic is not 2.</summary>
    MagicUnknown,

    CrcMismatch,

    /// <summary>A base offset that is negative or leaves no room for the last offset.</summary>
    BaseOffsetInvalid,

    /// <summary>A last offset delta that is negative, or, of a client, not the record count less one.</summary>
    LastOffsetDeltaInvalid,

    /// <summary>A record count that is negative, 0 from a client, or more than the bytes can hold.</summary>
    RecordCountInvalid,

    /// <summary>An attribute bit without a meaning.</summary>
    AttributesUnknown,

    /// <summary>A codec number without a meaning.</summary>
    CodecUnknown,

    /// <summary>A known codec whose library is not on this machine: the header's codec names it.</summary>
    CodecNotAvailable,

    /// <summary>A client sent a control batch.</summary>
    ControlForbidden,

    /// <summary>A client sent a transactional batch.</summary>
    TransactionalForbidden,

    /// <summary>A client sent a batch with a delete horizon.</summary>
    DeleteHorizonForbidden,

    /// <summary>A client sent a batch with the append-time bit.</summary>
    AppendTimeForbidden,

    /// <summary>A max timestamp before the base timestamp, or too far in the future.</summary>
    TimestampInvalid,

    /// <summary>Producer id, epoch and sequence are neither all absent (-1) nor all 0 or more.</summary>
    ProducerInvalid,

    /// <summary>A record's lengths, offset or varints do not fit the batch.</summary>
    RecordMalformed,

    /// <summary>A record without a key where each must have one.</summary>
    KeyMissing,

    /// <summary>The compressed bytes are damaged.</summary>
    CompressionInvalid,

    /// <summary>The records would inflate past the limit of size or ratio.</summary>
    InflatedTooLarge,
}

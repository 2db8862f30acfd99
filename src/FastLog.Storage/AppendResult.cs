using FastLog.Primitives;
using FastLog.Records;

namespace FastLog.Storage;

/// <summary>What an append waits for.</summary>
public enum AppendMode
{
    /// <summary>As the topic's flush policy says: with <c>flush=ack</c> the flush that covers it, else the write.</summary>
    Confirmed,

    /// <summary>As <see cref="Confirmed"/>, beside another append of the same caller, who waits for both: counted once.</summary>
    ConfirmedTogether,

    /// <summary>The write, whatever the policy: not durable yet when it ends.</summary>
    Unconfirmed,
}

/// <summary>How an append ended.</summary>
public enum AppendStatus
{
    Ok,

    /// <summary>A batch does not check; the reason says how. Nothing was appended.</summary>
    InvalidBatch,

    /// <summary>A batch or the whole append is larger than allowed. Nothing was appended.</summary>
    TooLarge,

    /// <summary>A timestamp lies too far in the future. Nothing was appended.</summary>
    TimestampInvalid,

    /// <summary>The device is full. Nothing was appended; a retry may succeed when there is room.</summary>
    DiskFull,

    /// <summary>The free space is down to what is kept free. Nothing was appended; a retry succeeds when there is room.</summary>
    ReserveReached,

    /// <summary>Too many other logs of the data directory are open for appends. Nothing was appended; a retry succeeds soon.</summary>
    Busy,

    /// <summary>The log is fenced: whether the records are in it is not known. The fault is the first cause.</summary>
    Fenced,

    /// <summary>A batch's sequence leaves a gap: an earlier one of its producer is missing. Nothing was appended.</summary>
    OutOfOrderSequence,

    /// <summary>A newer epoch of a batch's producer was seen. Nothing was appended.</summary>
    ProducerFenced,

    /// <summary>
    /// A batch's sequence lies before those that are remembered, or a part of the append is in the log already. Nothing was
    /// appended.
    /// </summary>
    DuplicateSequence,

    /// <summary>The log is closed or closing.</summary>
    Closed,
}

/// <summary>The end of an append.</summary>
public readonly record struct AppendResult
{
    public AppendStatus Status { get; init; }

    /// <summary>Why, with <see cref="AppendStatus.InvalidBatch"/>.</summary>
    public BatchStatus Reason { get; init; }

    /// <summary>
    /// Offset of the first record, also of one that was appended before by the same producer; valid with
    /// <see cref="AppendStatus.Ok"/>.
    /// </summary>
    public LogOffset BaseOffset { get; init; }

    /// <summary>Offset of the last record, inclusive; valid with <see cref="AppendStatus.Ok"/>.</summary>
    public LogOffset LastOffset { get; init; }

    /// <summary>The log start when the append ended.</summary>
    public LogOffset LogStart { get; init; }

    /// <summary>The first cause, with <see cref="AppendStatus.Fenced"/>.</summary>
    public StorageFault? Fault { get; init; }
}

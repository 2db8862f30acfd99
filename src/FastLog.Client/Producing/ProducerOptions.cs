using FastLog.Protocol.Messages;
using FastLog.Records;

namespace FastLog.Client;

/// <summary>How a producer batches, waits and retries. Sizes are bytes.</summary>
public sealed record ProducerOptions
{
    /// <summary>
    /// All (default): acknowledged when as durable as the topic says. Leader: when the leader has written it. None:
    /// never answered, so receipts end at the send, without an offset, and a loss goes unseen.
    /// </summary>
    public ProduceAcks Acks { get; init; } = ProduceAcks.All;

    /// <summary>
    /// Whether the log keeps a record once and in order, however often it is sent: batches then carry a producer id and sequences.
    /// Null (default): yes with <see cref="Acks"/> all and <see cref="Retries"/>, else no. True with anything else is refused.
    /// </summary>
    public bool? Idempotent { get; init; }

    /// <summary>
    /// A batch is sent when it has grown to this size. 1 KiB to 8 MiB; one larger record gets a batch of its own.
    /// </summary>
    public int BatchBytes { get; init; } = 256 << 10;

    /// <summary>
    /// How long a batch may wait for more records. Zero (default): a record leaves at once while its partition has no
    /// request in flight; under load batches fill while the answer is on its way. Up to one minute.
    /// </summary>
    public TimeSpan Linger { get; init; }

    /// <summary>Bound of all batches that are not acknowledged yet; sends wait above it. At least one batch.</summary>
    public long BufferBytes { get; init; } = 64L << 20;

    public Codec Compression { get; init; } = Codec.None;

    /// <summary>
    /// Produce requests without an answer to one broker, 1 to 64. The order of a partition holds whatever fails when the producer
    /// is idempotent, or with one; else see <see cref="Producer"/>.
    /// </summary>
    public int RequestsInFlightMax { get; init; } = 8;

    /// <summary>
    /// The largest payload of one request; a single larger batch goes alone. 1 KiB to 16 MiB, less if the broker says
    /// so.
    /// </summary>
    public int RequestBytesMax { get; init; } = 2 << 20;

    /// <summary>Retriable failures are tried again until <see cref="DeliveryTimeout"/>.</summary>
    public bool Retries { get; init; } = true;

    /// <summary>
    /// From being accepted to being acknowledged, retries included; then the record fails. More than zero.
    /// </summary>
    public TimeSpan DeliveryTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>For one attempt; null: the client's.</summary>
    public TimeSpan? RequestTimeout { get; init; }

    /// <summary>How long disposing waits for what was accepted.</summary>
    public TimeSpan DisposeTimeout { get; init; } = TimeSpan.FromSeconds(30);

    internal bool IsIdempotent => Idempotent ?? (Acks == ProduceAcks.All && Retries);

    internal void Validate()
    {
        if (Idempotent == true && Acks != ProduceAcks.All)
            throw new ArgumentException(
                $"an idempotent producer needs {nameof(Acks)} all, not {Acks}: without it a retry cannot tell what is kept", nameof(Idempotent));
        if (Idempotent == true && !Retries)
            throw new ArgumentException($"an idempotent producer needs {nameof(Retries)}: they are what it is for", nameof(Idempotent));
        ArgumentOutOfRangeException.ThrowIfLessThan(BatchBytes, ClientLimits.BatchBytesMin, nameof(BatchBytes));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(BatchBytes, ClientLimits.BatchBytesMax, nameof(BatchBytes));
        ArgumentOutOfRangeException.ThrowIfLessThan(Linger, TimeSpan.Zero, nameof(Linger));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Linger, TimeSpan.FromMinutes(1), nameof(Linger));
        ArgumentOutOfRangeException.ThrowIfLessThan(BufferBytes, BatchBytes, nameof(BufferBytes));
        ArgumentOutOfRangeException.ThrowIfLessThan(RequestsInFlightMax, 1, nameof(RequestsInFlightMax));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(
            RequestsInFlightMax, ClientLimits.RequestsInFlightMax, nameof(RequestsInFlightMax));
        ArgumentOutOfRangeException.ThrowIfLessThan(
            RequestBytesMax, ClientLimits.BatchBytesMin, nameof(RequestBytesMax));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(
            RequestBytesMax, ClientLimits.RequestBytesMax, nameof(RequestBytesMax));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(DeliveryTimeout, TimeSpan.Zero, nameof(DeliveryTimeout));
        ArgumentOutOfRangeException.ThrowIfLessThan(DisposeTimeout, TimeSpan.Zero, nameof(DisposeTimeout));
        if (RequestTimeout is { } timeout)
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(timeout, TimeSpan.Zero, nameof(RequestTimeout));
        if (!Records.Compression.IsAvailable(Compression))
            throw new CodecNotAvailableException(Compression);
    }
}

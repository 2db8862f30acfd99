using FastLog.Primitives;
using FastLog.Records;

namespace FastLog.Client;

/// <summary>
/// A record to be sent; its memory is read within the call that takes it and may be used again at once. A null key or
/// value is another thing than an empty one.
/// </summary>
/// <param name="Key">Chooses the partition (equal keys, equal partition) unless one is given; null: any partition.</param>
/// <param name="Value">The record's bytes.</param>
public readonly record struct ProducerRecord(ReadOnlyMemory<byte>? Key, ReadOnlyMemory<byte>? Value)
{
    public ProducerRecord(ReadOnlyMemory<byte>? value)
        : this(null, value)
    {
    }

    /// <summary>Null and empty are the same; names may repeat.</summary>
    public IReadOnlyList<RecordHeader>? Headers { get; init; }

    /// <summary>Null: now, by the client's clock.</summary>
    public Timestamp? Timestamp { get; init; }

    /// <summary>Null: by key, or any.</summary>
    public PartitionId? Partition { get; init; }
}

using FastLog.Primitives;
using FastLog.Records;

namespace FastLog.Client;

/// <summary>
/// A record to be sent; its memory is read within the call that takes it and may be used again at once. A null key or
/// value is another thing than an empty one.
/// </summary>
/// <param name="Key">
/// Chooses the partition (equal keys, equal partition) unless one is given; null: any partition.
/// </param>
/// <param name="Value">The record's bytes.</param>
public readonly record struct ProducerRecord(ReadOnlyMemory<byte>? Key, ReadOnlyMemory<byte>? Value)
{
    public ProducerRecord(ReadOnlyMemory<byte>? value)
        : this(default(ReadOnlyMemory<byte>?), value)
    {
    }

    /// <summary>From arrays: without this overload a null array would become empty memory, which is not null.</summary>
    public ProducerRecord(byte[]? key, byte[]? value)
        : this(MemoryOf(key), MemoryOf(value))
    {
    }

    /// <inheritdoc cref="ProducerRecord(byte[], byte[])"/>
    public ProducerRecord(byte[]? value)
        : this(default(ReadOnlyMemory<byte>?), MemoryOf(value))
    {
    }

    /// <summary>Null and empty are the same; names may repeat.</summary>
    public IReadOnlyList<RecordHeader>? Headers { get; init; }

    /// <summary>Null: now, by the client's clock.</summary>
    public Timestamp? Timestamp { get; init; }

    /// <summary>Null: by key, or any.</summary>
    public PartitionId? Partition { get; init; }

    private static ReadOnlyMemory<byte>? MemoryOf(byte[]? bytes) =>
        bytes is null ? default(ReadOnlyMemory<byte>?) : new ReadOnlyMemory<byte>(bytes);
}

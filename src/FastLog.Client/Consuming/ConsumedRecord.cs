using FastLog.Primitives;
using FastLog.Records;

namespace FastLog.Client;

/// <summary>A record with memory of its own. A null key or value is another thing than an empty one.</summary>
/// <param name="Headers">In their order; names may repeat.</param>
public sealed record ConsumedRecord(
    string Topic,
    PartitionId Partition,
    LogOffset Offset,
    Timestamp Timestamp,
    ReadOnlyMemory<byte>? Key,
    ReadOnlyMemory<byte>? Value,
    IReadOnlyList<RecordHeader> Headers);

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
    IReadOnlyList<RecordHeader> Headers)
{
    /// <summary>Copies the record a reader stands on.</summary>
    public static ConsumedRecord Copy(string topic, PartitionId partition, in RecordReader record) => new(
        topic, partition, record.Offset, record.Timestamp, CopyOf(record.Key), CopyOf(record.Value), HeadersOf(record));

    private static ReadOnlyMemory<byte>? CopyOf(NullableBytes bytes) =>
        bytes.IsNull ? default(ReadOnlyMemory<byte>?) : new ReadOnlyMemory<byte>(bytes.Span.ToArray());

    private static RecordHeader[] HeadersOf(in RecordReader record)
    {
        if (record.HeaderCount == 0)
            return [];
        var headers = new RecordHeader[record.HeaderCount];
        int count = 0;
        RecordHeaderReader reader = record.Headers;
        while (reader.Read())
            headers[count++] = new RecordHeader(reader.Key.ToArray(), CopyOf(reader.Value));
        return headers;
    }
}

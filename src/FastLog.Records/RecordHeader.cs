namespace FastLog.Records;

/// <summary>A header of a record to be written. A null value is another thing than an empty one.</summary>
/// <param name="Key">The name in UTF-8; names may repeat.</param>
/// <param name="Value">The content.</param>
public readonly record struct RecordHeader(ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte>? Value);

namespace FastLog.Records;

/// <summary>One codec's work. Thread-safe.</summary>
internal interface ICompressor
{
    /// <summary>Compresses into the destination; false when it does not fit.</summary>
    bool TryCompress(ReadOnlySpan<byte> source, Span<byte> destination, out int size);

    /// <summary>Inflates into the buffer, never past its limits; the buffer is empty unless the answer is Ok.</summary>
    BatchStatus Inflate(ReadOnlySpan<byte> source, InflateBuffer buffer);
}

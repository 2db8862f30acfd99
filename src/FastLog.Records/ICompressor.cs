namespace FastLog.Records;

/// <summary>One codec's work. Thread-safe.</summary>
internal interface ICompressor
{
    /// <summary>
    /// Compresses into the destination; false when it does not fit. Both may be the same memory: the destination is not
    /// touched before the whole result is there.
    /// </summary>
    bool TryCompress(ReadOnlySpan<byte> source, Span<byte> destination, out int size);

    /// <summary>Inflates into the buffer, which is empty, never past its limits.</summary>
    BatchStatus Inflate(ReadOnlySpan<byte> source, InflateBuffer buffer);
}

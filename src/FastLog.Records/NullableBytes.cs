namespace FastLog.Records;

/// <summary>Borrowed bytes, or null, which is another thing than no bytes. The default is null.</summary>
public readonly ref struct NullableBytes
{
    private readonly bool _present;

    public NullableBytes(ReadOnlySpan<byte> bytes)
    {
        Span = bytes;
        _present = true;
    }

    public static NullableBytes Null => default;

    public bool IsNull => !_present;

    /// <summary>The bytes; empty where <see cref="IsNull"/>.</summary>
    public ReadOnlySpan<byte> Span { get; }

    public static implicit operator NullableBytes(ReadOnlySpan<byte> bytes) => new(bytes);

    public static implicit operator NullableBytes(Span<byte> bytes) => new(bytes);

    public static implicit operator NullableBytes(byte[]? bytes) => bytes is null ? default : new NullableBytes(bytes);

    public static implicit operator NullableBytes(ReadOnlyMemory<byte> bytes) => new(bytes.Span);

    public static implicit operator NullableBytes(ReadOnlyMemory<byte>? bytes) =>
        bytes is { } present ? new NullableBytes(present.Span) : default;

    /// <summary>A copy that outlives the buffer; null for null.</summary>
    public byte[]? ToArray() => _present ? Span.ToArray() : null;
}

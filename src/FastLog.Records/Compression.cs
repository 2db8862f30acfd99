using FastLog.Primitives;

namespace FastLog.Records;

/// <summary>The codecs by number and name, and which of them this build can use: one row each. Thread-safe.</summary>
public static class Compression
{
    private static readonly Row[] Rows =
    [
        new(Codec.None, "none", IsAvailable: true, Compressor: null),
        new(Codec.Gzip, "gzip", IsAvailable: true, GzipCompressor.Instance),
        new(Codec.Snappy, "snappy", IsAvailable: false, Compressor: null),
        new(Codec.Lz4, "lz4", IsAvailable: false, Compressor: null),
        new(Codec.Zstd, "zstd", IsAvailable: false, Compressor: null),
    ];

    /// <summary>The codec has a meaning in the format.</summary>
    public static bool IsKnown(Codec codec) => (uint)codec < (uint)Rows.Length;

    /// <summary>This build can compress and inflate with it.</summary>
    public static bool IsAvailable(Codec codec) => IsKnown(codec) && Rows[(int)codec].IsAvailable;

    /// <summary>The name in lower case; "codec 7" for a number without a meaning.</summary>
    public static string NameOf(Codec codec) => IsKnown(codec) ? Rows[(int)codec].Name : $"codec {(int)codec}";

    /// <summary>Finds a codec by its name in lower case, available or not.</summary>
    public static bool TryParse(string name, out Codec codec)
    {
        foreach (Row row in Rows)
        {
            codec = row.Codec;
            if (string.Equals(row.Name, name, StringComparison.Ordinal))
                return true;
        }

        codec = Codec.None;
        return false;
    }

    /// <summary>Compresses into the destination; false when it does not fit. Not for no codec.</summary>
    /// <exception cref="CodecNotAvailableException">This build cannot use the codec.</exception>
    internal static bool TryCompress(Codec codec, ReadOnlySpan<byte> source, Span<byte> destination, out int size)
    {
        if (!IsAvailable(codec))
            throw new CodecNotAvailableException(codec);
        ICompressor? compressor = Rows[(int)codec].Compressor;
        Invariant.Check(compressor is not null);
        return compressor.TryCompress(source, destination, out size);
    }

    /// <summary>Inflates into the buffer, within its limits. Not for <see cref="Codec.None"/>.</summary>
    internal static BatchStatus Inflate(Codec codec, ReadOnlySpan<byte> source, InflateBuffer buffer)
    {
        if (!IsKnown(codec))
            return BatchStatus.CodecUnknown;
        ICompressor? compressor = Rows[(int)codec].Compressor;
        return compressor is null ? BatchStatus.CodecNotAvailable : compressor.Inflate(source, buffer);
    }

    /// <summary>What so many compressed bytes may inflate to, by size and by ratio.</summary>
    internal static int InflatedSizeMax(int compressedSize, int sizeMax)
    {
        long byRatio = Math.Max(RecordLimits.InflatedSizeFree, (long)compressedSize * RecordLimits.InflatedRatioMax);
        return (int)Math.Min(sizeMax, byRatio);
    }

    private sealed record Row(Codec Codec, string Name, bool IsAvailable, ICompressor? Compressor);
}

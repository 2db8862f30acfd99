using FastLog.Primitives;
using FastLog.Records.Native;

namespace FastLog.Records;

/// <summary>The codecs by number and name, and which of them can be used here: one row each. Thread-safe.</summary>
public static class Compression
{
    private static readonly Row[] Rows =
    [
        new(Codec.None, "none", Compressor: null, Library: null),
        new(Codec.Gzip, "gzip", GzipCompressor.Instance, Library: null),
        new(Codec.Snappy, "snappy", SnappyCompressor.Instance, SnappyNative.Library),
        new(Codec.Lz4, "lz4", Lz4Compressor.Instance, Lz4Native.Library),
        new(Codec.Zstd, "zstd", ZstdCompressor.Instance, ZstdNative.Library),
    ];

    /// <summary>The codec has a meaning in the format.</summary>
    public static bool IsKnown(Codec codec) => (uint)codec < (uint)Rows.Length;

    /// <summary>It can be compressed and inflated with here: it is in the box, or its library is on this machine.</summary>
    public static bool IsAvailable(Codec codec) => IsKnown(codec) && Rows[(int)codec].Library is not { IsLoaded: false };

    /// <summary>What a codec lacks on this machine and how to get it; empty when it is available.</summary>
    public static string WhatIsMissing(Codec codec)
    {
        if (IsAvailable(codec))
            return "";
        return IsKnown(codec) ? Rows[(int)codec].Library!.HowToGetIt : "no such codec";
    }

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
    /// <exception cref="CodecNotAvailableException">The codec's library is missing.</exception>
    internal static bool TryCompress(Codec codec, ReadOnlySpan<byte> source, Span<byte> destination, out int size)
    {
        if (!IsAvailable(codec))
            throw new CodecNotAvailableException(codec);
        ICompressor? compressor = Rows[(int)codec].Compressor;
        Invariant.Check(compressor is not null);
        return compressor.TryCompress(source, destination, out size);
    }

    /// <summary>Inflates into the buffer, within its limits; it is empty unless the answer is Ok. Not for <see cref="Codec.None"/>.</summary>
    internal static BatchStatus Inflate(Codec codec, ReadOnlySpan<byte> source, InflateBuffer buffer)
    {
        buffer.Clear();
        if (!IsKnown(codec))
            return BatchStatus.CodecUnknown;
        if (!IsAvailable(codec))
            return BatchStatus.CodecNotAvailable;
        ICompressor? compressor = Rows[(int)codec].Compressor;
        Invariant.Check(compressor is not null);
        BatchStatus status = compressor.Inflate(source, buffer);
        if (status != BatchStatus.Ok)
            buffer.Clear();
        return status;
    }

    /// <summary>What so many compressed bytes may inflate to, by size and by ratio.</summary>
    internal static int InflatedSizeMax(int compressedSize, int sizeMax)
    {
        long byRatio = Math.Max(RecordLimits.InflatedSizeFree, (long)compressedSize * RecordLimits.InflatedRatioMax);
        return (int)Math.Min(sizeMax, byRatio);
    }

    private sealed record Row(Codec Codec, string Name, ICompressor? Compressor, SystemLibrary? Library);
}

namespace FastLog.Records;

/// <summary>The limits of batches and records.</summary>
public static class RecordLimits
{
    /// <summary>The smallest record: six one-byte varints and its attributes.</summary>
    public const int RecordSizeMin = 7;

    /// <summary>Records (and so offsets) that one batch may span when a client sends it.</summary>
    public const int RecordCountMax = 1 << 24;

    /// <summary>The records of one batch may inflate to this many bytes unless the caller says otherwise.</summary>
    public const int InflatedSizeDefaultMax = 64 << 20;

    /// <summary>Above the free size, inflated bytes may be this many times the compressed ones.</summary>
    public const int InflatedRatioMax = 256;

    /// <summary>Up to this many inflated bytes the ratio is not looked at.</summary>
    public const int InflatedSizeFree = 16 << 20;

    /// <summary>Memory for inflated bytes begins at this size where no better guess is at hand.</summary>
    public const int InflatedSizeFirst = 4096;

    /// <summary>Contexts of a codec's library that are kept for the next batch, for each codec and direction.</summary>
    public const int CodecContextsKeptMax = 16;

    /// <summary>How far a client's timestamps may be ahead of the broker's clock by default.</summary>
    public static readonly TimeSpan TimestampAheadDefaultMax = TimeSpan.FromHours(1);
}

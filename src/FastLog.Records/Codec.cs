namespace FastLog.Records;

/// <summary>How the records of a batch are compressed: the number in the batch's attributes.</summary>
public enum Codec
{
    None = 0,
    Gzip = 1,
    Snappy = 2,
    Lz4 = 3,
    Zstd = 4,
}

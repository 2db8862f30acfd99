namespace FastLog.Records;

/// <summary>A known codec was asked for that this build cannot use.</summary>
public sealed class CodecNotAvailableException(Codec codec)
    : NotSupportedException($"the codec {Compression.NameOf(codec)} is not available in this build")
{
    public Codec Codec { get; } = codec;
}

namespace FastLog.Records;

/// <summary>A codec was asked for that cannot be used on this machine; the message says what to install.</summary>
public sealed class CodecNotAvailableException(Codec codec)
    : NotSupportedException($"compression '{Compression.NameOf(codec)}' is not available: {Compression.WhatIsMissing(codec)}")
{
    public Codec Codec { get; } = codec;
}

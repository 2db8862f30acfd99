namespace FastLog.Protocol.Frames;

/// <summary>How reading a frame ended. All but the first two end the connection, after an error frame.</summary>
public enum FrameStatus
{
    Ok = 0,

    /// <summary>Not a defect: read on and ask again.</summary>
    NeedMoreData = 1,

    /// <summary>frameSize is over the limit of this connection.</summary>
    TooLarge = 2,

    /// <summary>frameSize is below <see cref="FrameLimits.FrameSizeMin"/>.</summary>
    TooSmall = 3,

    /// <summary>The magic is another one: not FastLog, or another framing.</summary>
    BadMagic = 4,

    /// <summary>A kind that is not known.</summary>
    BadKind = 5,

    /// <summary>A flag that is not known; all are kept free now.</summary>
    BadFlags = 6,

    /// <summary>headerSize or bodySize over its limit, or both do not fit into frameSize.</summary>
    BadSizes = 7,

    /// <summary>The CRC of head, header tags and body is another one.</summary>
    BadCrc = 8,

    /// <summary>The header tags are malformed, or one of them must be understood and is not known.</summary>
    BadHeaderTags = 9,
}

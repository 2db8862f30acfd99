namespace FastLog.Protocol.Frames;

/// <summary>Sizes and limits of frames, in bytes; told in <c>protocol-spec/05-limits.md</c>.</summary>
public static class FrameLimits
{
    /// <summary>The fixed part: frameSize up to and with the CRC.</summary>
    public const int HeadSize = 32;

    /// <summary>The smallest frameSize: what of the head follows the field.</summary>
    public const int FrameSizeMin = HeadSize - sizeof(uint);

    /// <summary>The largest frameSize until hello is answered.</summary>
    public const int FrameSizeMaxBeforeHello = 16 * 1024;

    /// <summary>The largest frameSize after hello, unless the broker is configured otherwise.</summary>
    public const int FrameSizeMaxDefault = 16 * 1024 * 1024;

    /// <summary>The largest that a broker may be configured for.</summary>
    public const int FrameSizeMaxCeiling = 256 * 1024 * 1024;

    /// <summary>The largest headerSize: header tags.</summary>
    public const int HeaderSizeMax = 4 * 1024;

    /// <summary>The largest bodySize: fields and body tags, without the payload.</summary>
    public const int BodySizeMax = 4 * 1024 * 1024;
}

using FastLog.Protocol.Messages;

namespace FastLog.Protocol.Frames;

/// <summary>
/// The fixed part of a frame, parsed; the sizes were checked against each other and against the limit.
/// </summary>
/// <param name="HeaderSize">Bytes of header tags, behind the fixed part.</param>
/// <param name="BodySize">Bytes of the body with its tags, behind the header tags.</param>
/// <param name="PayloadSize">Bytes of the payload, last in the frame.</param>
public readonly record struct FrameHeader(
    FrameKind Kind,
    ApiKey Api,
    ApiVersion Version,
    CorrelationId Correlation,
    int HeaderSize,
    int BodySize,
    int PayloadSize)
{
    /// <summary>Bytes before the payload: what the CRC covers.</summary>
    public int HeadSize => FrameLimits.HeadSize + HeaderSize + BodySize;

    /// <summary>Bytes of the whole frame, the size field included.</summary>
    public long TotalSize => (long)HeadSize + PayloadSize;

    /// <summary>The header of a request; its writer sets the sizes.</summary>
    public static FrameHeader Request(ApiKey api, CorrelationId correlation) =>
        new(FrameKind.Request, api, ApiVersion.One, correlation, 0, 0, 0);

    /// <summary>The header of a request that is never answered.</summary>
    public static FrameHeader OneWay(ApiKey api, CorrelationId correlation) =>
        new(FrameKind.OneWay, api, ApiVersion.One, correlation, 0, 0, 0);

    /// <summary>The header of the response to this request.</summary>
    public FrameHeader Response() => new(FrameKind.Response, Api, Version, Correlation, 0, 0, 0);

    /// <summary>The header of the <see cref="ErrorResponse"/> to this request.</summary>
    public FrameHeader Error() => new(FrameKind.Error, Api, Version, Correlation, 0, 0, 0);
}

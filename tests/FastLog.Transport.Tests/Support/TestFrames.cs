using FastLog.Protocol;
using FastLog.Protocol.Frames;

namespace FastLog.Transport.Tests;

/// <summary>Frames with a body and a payload that mean nothing to anybody.</summary>
internal static class TestFrames
{
    public static byte[] Pattern(int length, int seed)
    {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++)
            bytes[i] = (byte)((i * 31) + (i >> 8) + seed);
        return bytes;
    }

    public static FrameHeader Header(ulong correlation, int body, int payload, FrameKind kind = FrameKind.Request) =>
        new(kind, (ApiKey)1, ApiVersion.One, new CorrelationId(correlation), 0, body, payload);

    public static byte[] Bytes(ulong correlation, byte[] body, byte[] payload)
    {
        FrameHeader header = Header(correlation, body.Length, payload.Length);
        byte[] frame = new byte[header.TotalSize];
        body.CopyTo(frame, FrameLimits.HeadSize);
        FrameWriter.Seal(frame.AsSpan(0, header.HeadSize), header);
        payload.CopyTo(frame, header.HeadSize);
        return frame;
    }

    /// <summary>The head only; the caller adds a payload of that many bytes.</summary>
    public static OutboundFrame Outbound(
        ulong correlation, ReadOnlySpan<byte> body, int payload = 0, FrameKind kind = FrameKind.Request)
    {
        FrameHeader header = Header(correlation, body.Length, payload, kind);
        OutboundFrame frame = OutboundFrame.Rent(header.HeadSize);
        body.CopyTo(frame.Head[FrameLimits.HeadSize..]);
        FrameWriter.Seal(frame.Head, header);
        return frame;
    }

    /// <summary>The response that repeats body and payload.</summary>
    public static OutboundFrame Echo(InboundFrame request)
    {
        OutboundFrame frame = Outbound(
            request.Header.Correlation.Value, request.Body.Span, request.Payload.Length, FrameKind.Response);
        if (request.TakePayload() is { } payload)
            frame.AddPayload(payload);
        return frame;
    }
}

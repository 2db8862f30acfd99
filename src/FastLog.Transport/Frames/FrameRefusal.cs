using FastLog.Protocol.Frames;

namespace FastLog.Transport;

/// <summary>What a defect of a frame means for its connection.</summary>
internal static class FrameRefusal
{
    public static CloseReason Reason(FrameStatus status, int frameSizeMax) => status switch
    {
        FrameStatus.TooLarge => new CloseReason(
            CloseKind.FrameTooLarge, $"a frame is larger than the {frameSizeMax} bytes allowed here"),
        FrameStatus.BadMagic => new CloseReason(
            CloseKind.BadMagic, "the bytes are not a FastLog frame (another protocol, or TLS, on this port?)"),
        FrameStatus.BadCrc => new CloseReason(
            CloseKind.ChecksumMismatch, "the CRC of a frame does not match its bytes"),
        _ => new CloseReason(CloseKind.Malformed, $"a frame is malformed: {status}"),
    };
}

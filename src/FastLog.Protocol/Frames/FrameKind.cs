using System.Diagnostics.CodeAnalysis;

namespace FastLog.Protocol.Frames;

/// <summary>What a frame is to its receiver.</summary>
[SuppressMessage("Design", "CA1028", Justification = "one byte on the wire")]
public enum FrameKind : byte
{
    /// <summary>No frame has it: a run of zeros is no frame.</summary>
    None = 0,

    /// <summary>Wants one response or one error, with its correlation id.</summary>
    Request = 1,

    Response = 2,

    /// <summary>The body is an <see cref="Messages.ErrorResponse"/>.</summary>
    Error = 3,

    /// <summary>A request that is never answered.</summary>
    OneWay = 4,

    /// <summary>Kept for what the broker sends unasked.</summary>
    Push = 5,
}

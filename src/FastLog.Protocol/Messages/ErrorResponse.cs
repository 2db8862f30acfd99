using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>The body of an error frame: any request may be answered by it; its layout never changes.</summary>
/// <param name="Code">Why; a number that is not known is kept.</param>
/// <param name="Message">A sentence for people: what, why, how to fix.</param>
/// <param name="Apis">
/// With <see cref="ErrorCode.UnsupportedVersion"/> and <see cref="ErrorCode.UnknownApi"/>: what is known.
/// </param>
public sealed record ErrorResponse(ErrorCode Code, string Message, IReadOnlyList<ApiRange> Apis)
    : IMessage<ErrorResponse>
{
    public ErrorResponse(ErrorCode code, string message)
        : this(code, message, [])
    {
    }

    static ApiKey IMessage<ErrorResponse>.Api => ApiKey.None;

    static int IMessage<ErrorResponse>.EncodedSize(in ErrorResponse message) => ErrorCodec.Size(message);

    static void IMessage<ErrorResponse>.Encode(ref WireWriter writer, in ErrorResponse message) =>
        ErrorCodec.Write(ref writer, message);

    static WireStatus IMessage<ErrorResponse>.Decode(ref WireReader reader, out ErrorResponse message) =>
        ErrorCodec.TryRead(ref reader, out message);
}

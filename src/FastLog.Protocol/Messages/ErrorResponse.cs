namespace FastLog.Protocol.Messages;

/// <summary>The body of an error frame: any request may be answered by it; its layout never changes.</summary>
/// <param name="Code">Why; a number that is not known is kept.</param>
/// <param name="Message">A sentence for people: what, why, how to fix.</param>
/// <param name="Apis">With <see cref="ErrorCode.UnsupportedVersion"/> and <see cref="ErrorCode.UnknownApi"/>: what is known.</param>
public sealed partial record ErrorResponse(ErrorCode Code, string Message, IReadOnlyList<ApiRange> Apis)
{
    public ErrorResponse(ErrorCode code, string message)
        : this(code, message, [])
    {
    }
}

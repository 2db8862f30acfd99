using FastLog.Protocol;
using FastLog.Protocol.Frames;
using FastLog.Protocol.Messages;
using FastLog.Protocol.Wire;
using FastLog.Transport;

namespace FastLog.Client;

/// <summary>Reads what a broker answered.</summary>
internal static class Answers
{
    /// <summary>The response in the frame; the frame stays the caller's.</summary>
    /// <exception cref="FastLogException">It is an error, or not readable.</exception>
    public static TResponse Read<TResponse>(InboundFrame frame, string broker)
        where TResponse : IMessage<TResponse>
    {
        if (frame.Header.Kind == FrameKind.Error)
        {
            ErrorResponse error = ReadError(frame);
            throw new FastLogException(error.Code, error.Message)
            {
                Broker = broker,
                IsRetriable = error.Code.IsRetriable(),
            };
        }

        var reader = new WireReader(frame.Body.Span, frame.Payload.Length);
        WireStatus status = TResponse.Decode(ref reader, out TResponse response);
        if (status != WireStatus.Ok)
            throw new FastLogException(
                ErrorCode.InvalidFrame, $"{broker} sent an answer that cannot be read ({status})")
            {
                Broker = broker,
            };
        return response;
    }

    /// <summary>The error in an error frame; one that cannot be read is an invalid frame.</summary>
    public static ErrorResponse ReadError(InboundFrame frame)
    {
        var reader = new WireReader(frame.Body.Span, frame.Payload.Length);
        WireStatus status = ErrorCodec.TryRead(ref reader, out ErrorResponse error);
        if (status != WireStatus.Ok)
            return new ErrorResponse(ErrorCode.InvalidFrame, $"an error answer that cannot be read ({status})");
        return error.Message.Length > 0 ? error : error with { Message = error.Code.Sentence() };
    }
}

using FastLog.Broker.Partitions;
using FastLog.Protocol;
using FastLog.Protocol.Frames;
using FastLog.Protocol.Messages;
using FastLog.Transport;

namespace FastLog.Broker.Requests;

/// <summary>Builds the frames of answers.</summary>
internal static class Responses
{
    /// <summary>The frame of a response; the caller adds exactly <paramref name="payloadSize"/> bytes of payload.</summary>
    public static OutboundFrame Of<T>(in FrameHeader request, in T message, int payloadSize = 0)
        where T : IMessage<T> => Build(request.Response(), message, payloadSize);

    public static OutboundFrame Error(in FrameHeader request, in RequestError error)
    {
        BrokerMetrics.Refused(request.Api, error.Code);
        IReadOnlyList<ApiRange> known = error.Code switch
        {
            ErrorCode.UnknownApi => MessageCatalog.Ranges,
            ErrorCode.UnsupportedVersion when MessageCatalog.TryFind(request.Api, out MessageInfo info) => [info.Range],
            _ => [],
        };
        var message = new ErrorResponse(error.Code, error.Message, known);
        return Build(request.Error(), message, payloadSize: 0);
    }

    private static OutboundFrame Build<T>(in FrameHeader header, in T message, int payloadSize)
        where T : IMessage<T>
    {
        OutboundFrame frame = OutboundFrame.Rent(FrameWriter.HeadSize(message));
        try
        {
            FrameWriter.Write(frame.Head, header, message, payloadSize);
        }
        catch
        {
            frame.Dispose();
            throw;
        }

        return frame;
    }
}

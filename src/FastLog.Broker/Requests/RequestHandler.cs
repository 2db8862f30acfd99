using FastLog.Broker.Partitions;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Frames;
using FastLog.Protocol.Wire;
using FastLog.Storage.Space;
using FastLog.Transport;

namespace FastLog.Broker.Requests;

/// <summary>Serves the requests of one API key. Shared by all connections.</summary>
internal interface IRequestHandler
{
    ApiKey Key { get; }

    /// <summary>Takes the frame over and begins the work; must not throw and not block.</summary>
    /// <param name="connection">Where it came from.</param>
    /// <param name="frame">The request; handed over.</param>
    /// <param name="timeLeft">Until its deadline, or null without one.</param>
    void Handle(ClientConnection connection, InboundFrame frame, TimeSpan? timeLeft);
}

/// <summary>A response, or why there is none.</summary>
internal readonly record struct Answer<T>(T? Response, RequestError Error)
{
    public static implicit operator Answer<T>(T response) => new(response, RequestError.None);

    public static implicit operator Answer<T>(RequestError error) => new(default, error);
}

/// <summary>What a handler knows of a request beside its message.</summary>
/// <param name="Connection">Where it came from.</param>
/// <param name="TimeLeft">Until its deadline, or null without one.</param>
internal readonly record struct RequestContext(ClientConnection Connection, TimeSpan? TimeLeft);

/// <summary>The common part of all handlers whose work is one task: decode, count, answer once, catch.</summary>
internal abstract class RequestHandler<TRequest, TResponse>(BrokerServices services) : IRequestHandler
    where TRequest : IRequest<TRequest, TResponse>
    where TResponse : IMessage<TResponse>
{
    public ApiKey Key => TRequest.Api;

    protected BrokerServices Services { get; } = services;

    public void Handle(ClientConnection connection, InboundFrame frame, TimeSpan? timeLeft)
    {
        FrameHeader header = frame.Header;
        var reader = new WireReader(frame.Body.Span, header.PayloadSize);
        WireStatus status = TRequest.Decode(ref reader, out TRequest request);
        frame.Dispose();
        if (status == WireStatus.Ok)
            Begin(connection, header, request, timeLeft);
        else
            connection.SendError(header, RequestErrors.Malformed(header, status));
    }

    /// <summary>Does the work. Throws only on bugs of our own.</summary>
    protected abstract ValueTask<Answer<TResponse>> AnswerAsync(TRequest request, RequestContext context);

    /// <summary>After the answer was handed to the connection.</summary>
    protected virtual void AfterAnswer(ClientConnection connection)
    {
    }

    private void Begin(ClientConnection connection, in FrameHeader header, TRequest request, TimeSpan? timeLeft)
    {
        MonotonicTime? deadline = timeLeft is { } left ? Services.Ports.Clock.Now.Plus(left) : null;
        var pending = new SimpleRequest(header, deadline);
        connection.Ledger.Begin(pending, header.TotalSize);
        _ = ServeAsync(pending, request, new RequestContext(connection, timeLeft));
    }

    // Owned by the ledger: counted until its end, and no failure leaves it.
    private async Task ServeAsync(SimpleRequest pending, TRequest request, RequestContext context)
    {
        FrameHeader header = pending.Header;
        OutboundFrame answer;
        try
        {
            Answer<TResponse> outcome = await AnswerAsync(request, context);
            RequestError error = outcome.Error;
            if (error.IsNone && TResponse.EncodedSize(outcome.Response!) is > FrameLimits.BodySizeMax and var size)
                error = RequestErrors.AnswerTooLarge(size);
            answer = error.IsNone ? Responses.Of(header, outcome.Response!) : Responses.Error(header, error);
        }
#pragma warning disable CA1031 // Our own bug: the client gets a typed error, the log the cause, the connection stays.
        catch (Exception cause)
#pragma warning restore CA1031
        {
            context.Connection.Failed(header, cause);
            answer = Responses.Error(header, RequestErrors.Unexpected);
        }

        if (context.Connection.Ledger.TryTakeAnswer(pending))
            context.Connection.Send(answer);
        else
            answer.Dispose();
        AfterAnswer(context.Connection);

        context.Connection.Ledger.End(header.TotalSize);
    }
}

/// <summary>The errors that every request may get.</summary>
internal static class RequestErrors
{
    public static readonly RequestError Unexpected = new(
        ErrorCode.UnknownServerError, "the broker failed in a way it did not expect; its log has the cause");

    public static readonly RequestError ShuttingDown = new(
        ErrorCode.ShuttingDown, "the broker is stopping; retry when it is back, or elsewhere");

    /// <param name="space">The figures.</param>
    /// <param name="outcome">What did not happen for want of room.</param>
    public static RequestError ReserveReached(in SpaceStatus space, string outcome) => new(
        ErrorCode.DiskFull,
        $"the disk is full up to the broker's free reserve; {outcome}: {space}; delete topics or records, make room, or lower storage.freeReserve, and retry");

    public static RequestError AnswerTooLarge(int size) => new(
        ErrorCode.FrameTooLarge,
        $"the answer would have {size} bytes, where a frame's body takes {FrameLimits.BodySizeMax}; ask for less at once");

    public static RequestError Internal(string topic) =>
        new(ErrorCode.InternalTopic, $"the topic '{topic}' is kept by the broker for itself; clients cannot change it");

    public static RequestError Malformed(in FrameHeader header, WireStatus status) =>
        new(ErrorCode.InvalidRequest, $"the {header.Api} request cannot be read: {status}");
}

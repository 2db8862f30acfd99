using System.Net;
using FastLog.Broker.Fetching;
using FastLog.Broker.Partitions;
using FastLog.Protocol;
using FastLog.Protocol.Frames;
using FastLog.Protocol.Wire;
using FastLog.Transport;

namespace FastLog.Broker.Requests;

/// <summary>
/// One client's connection: hello first, then each frame to its handler. A handler takes the frame over and starts its
/// work before it returns, so that requests of one connection begin in the order of arrival; the next frame is read
/// while they run, as far as the limits of requests in flight allow.
/// </summary>
internal sealed class ClientConnection : IFrameHandler
{
    private readonly BrokerServices _services;
    private readonly EndPoint _remote;
    private FrameConnection? _connection;
    private bool _isOpen;

    public ClientConnection(BrokerServices services, EndPoint remote)
    {
        _services = services;
        _remote = remote;
        Ledger = new RequestLedger(
            services.Ports, services.Options.RequestsInFlightMax, BrokerLimits.RequestBytesInFlightMax, AnswerDeadline);
    }

    public RequestLedger Ledger { get; }

    /// <summary>Where the last fetch ran out of room: the next one that asks for it begins there. Fetches race; any is fine.</summary>
    public FetchTurn FetchTurn { get; } = new();

    public bool IsOpen => _isOpen;

    public void OnStarted(FrameConnection connection) => _connection = connection;

    public ValueTask OnFrameAsync(InboundFrame frame)
    {
        FrameHeader header = frame.Header;

        // The tags belong to the frame: a defect of theirs comes before what the message may be refused for.
        bool isDefect = !TryReadDeadline(frame, out TimeSpan? timeLeft, out RequestError error);
        if (!isDefect)
            error = Admit(header);
        if (error.IsNone)
        {
            _services.Handlers.Find(header.Api).Handle(this, frame, timeLeft);
            return Ledger.WaitForRoomAsync();
        }

        frame.Dispose();
        if (header.Kind != FrameKind.Request)
            _connection!.CloseWhenSent(new CloseReason(CloseKind.Malformed, error.Message));
        else if (isDefect || error.Code == ErrorCode.HelloRequired)
            _connection!.CloseWhenSent(new CloseReason(CloseKind.Malformed, error.Message), Responses.Error(header, error));
        else
            SendError(header, error);
        return ValueTask.CompletedTask;
    }

    public OutboundFrame? OnRefused(CloseReason reason, FrameHeader? header)
    {
        ErrorCode code = reason.Kind switch
        {
            CloseKind.FrameTooLarge => ErrorCode.FrameTooLarge,
            CloseKind.HelloTooSlow => ErrorCode.HelloRequired,
            CloseKind.FrameTooSlow => ErrorCode.DeadlineExceeded,
            _ => ErrorCode.InvalidFrame,
        };
        FrameHeader answered = header ?? FrameHeader.Request(ApiKey.None, CorrelationId.None);
        return Responses.Error(answered, new RequestError(code, reason.Details));
    }

    public ValueTask OnStoppingAsync()
    {
        Ledger.NudgeAll();
        return Ledger.WaitForEndAsync();
    }

    public void OnClosed(CloseReason reason) => Ledger.Close();

    /// <summary>Hello was answered: larger frames and all messages from here on.</summary>
    public void Open()
    {
        _isOpen = true;
        _connection!.Open();
    }

    /// <summary>Hands the frame over; it is disposed when the connection is closed.</summary>
    public void Send(OutboundFrame frame) => _connection!.TrySend(frame);

    public void SendError(in FrameHeader request, in RequestError error) => Send(Responses.Error(request, error));

    /// <summary>What was handed over is sent, then the connection closes.</summary>
    public void CloseWhenSent(string why) => _connection!.CloseWhenSent(new CloseReason(CloseKind.Requested, why));

    /// <summary>A handler's own bug, told with its cause; the connection stays.</summary>
    public void Failed(in FrameHeader request, Exception cause) => _services.Log.RequestFailed(request.Api, _remote, cause);

    private void AnswerDeadline(FrameHeader request) => SendError(request, new RequestError(
        ErrorCode.DeadlineExceeded, "the time for the request was over before it was done; it may still happen"));

    private RequestError Admit(in FrameHeader header)
    {
        if (header.Kind is not (FrameKind.Request or FrameKind.OneWay))
            return new RequestError(ErrorCode.InvalidFrame, $"a client sends requests, not frames of kind {(byte)header.Kind}");
        if (!_isOpen && header.Api != ApiKey.Hello)
            return new RequestError(ErrorCode.HelloRequired, ErrorCode.HelloRequired.Sentence());
        ErrorCode code = MessageCatalog.Check(header.Api, header.Version);
        if (code != ErrorCode.None)
            return new RequestError(code, $"{header.Api} version {header.Version}: {code.Sentence()}");
        if (header.Kind == FrameKind.OneWay && header.Api != ApiKey.Produce)
            return new RequestError(ErrorCode.InvalidRequest, $"{header.Api} may not be one-way, only produce may");
        if (_isOpen && header.Api == ApiKey.Hello)
            return new RequestError(ErrorCode.InvalidRequest, "hello was answered already; it is the first frame only");
        return RequestError.None;
    }

    private static bool TryReadDeadline(InboundFrame frame, out TimeSpan? timeLeft, out RequestError error)
    {
        timeLeft = null;
        error = RequestError.None;
        if (frame.Header.HeaderSize == 0)
            return true;
        WireStatus status = HeaderTags.TryRead(frame.HeaderTags.Span, out HeaderTags tags);
        timeLeft = tags.Deadline;
        if (status != WireStatus.Ok)
            error = new RequestError(ErrorCode.InvalidFrame, $"the header tags cannot be read: {status}");
        return error.IsNone;
    }
}

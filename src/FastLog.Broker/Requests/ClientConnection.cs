using System.Net;
using FastLog.Broker.Partitions;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Frames;
using FastLog.Protocol.Messages;
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
        if (TryAdmit(header, out RequestError error))
        {
            _services.Handlers.Find(header.Api).Handle(this, frame);
            return Ledger.WaitForRoomAsync();
        }

        frame.Dispose();
        if (header.Kind == FrameKind.Request)
            SendError(header, error);
        else
            Close(new CloseReason(CloseKind.Malformed, $"a {header.Kind} frame of {header.Api} was not expected: {error.Message}"));
        return ValueTask.CompletedTask;
    }

    public OutboundFrame? OnRefused(CloseReason reason, FrameHeader? header)
    {
        ErrorCode code = reason.Kind == CloseKind.FrameTooLarge ? ErrorCode.FrameTooLarge : ErrorCode.InvalidFrame;
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

    public void Close(CloseReason reason) => _connection!.Close(reason);

    /// <summary>A handler's own bug, told with its cause; the connection stays.</summary>
    public void Failed(in FrameHeader request, Exception cause) => _services.Log.RequestFailed(request.Api, _remote, cause);

    private void AnswerDeadline(FrameHeader request) => SendError(request, new RequestError(
        ErrorCode.DeadlineExceeded, "the time for the request was over before it was done; it may still happen"));

    private bool TryAdmit(in FrameHeader header, out RequestError error)
    {
        error = RequestError.None;
        if (header.Kind is not (FrameKind.Request or FrameKind.OneWay))
            error = new RequestError(ErrorCode.InvalidRequest, "a client sends requests only");
        else if (MessageCatalog.Check(header.Api, header.Version) is var code && code != ErrorCode.None)
            error = new RequestError(code, $"api {(ushort)header.Api} version {header.Version}: {code.Sentence()}");
        else if (header.Kind == FrameKind.OneWay && header.Api != ApiKey.Produce)
            error = new RequestError(ErrorCode.InvalidRequest, "only produce may be one-way");
        else if (!_isOpen && header.Api != ApiKey.Hello)
            error = new RequestError(ErrorCode.HelloRequired, ErrorCode.HelloRequired.Sentence());
        else if (_isOpen && header.Api == ApiKey.Hello)
            error = new RequestError(ErrorCode.InvalidRequest, "hello was answered already; it is the first frame only");
        return error.IsNone;
    }
}

/// <summary>The partition that waits for its turn to be served first. Thread-safe.</summary>
internal sealed class FetchTurn
{
    private readonly Lock _gate = new();
    private TopicPartition? _next;

    /// <summary>The place in the request where serving begins.</summary>
    public int Start(ReadOnlySpan<FetchPartitionRequest> partitions)
    {
        TopicPartition? next;
        lock (_gate)
            next = _next;
        if (next is not { } wanted)
            return 0;
        for (int i = 0; i < partitions.Length; i++)
        {
            if (partitions[i].Partition == wanted)
                return i;
        }

        return 0;
    }

    public void Set(TopicPartition? next)
    {
        lock (_gate)
            _next = next;
    }
}

using System.Net;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Frames;
using FastLog.Protocol.Messages;
using FastLog.Transport;
using FastLog.Transport.Network;

namespace FastLog.Client;

/// <summary>
/// One open connection: sends requests and gives each its answer by correlation id, or tells that none will come.
/// Thread-safe.
/// </summary>
internal sealed class BrokerConnection : IFrameHandler, IAsyncDisposable
{
    private const string ClientVersion = "0.1.0";

    private static readonly FrameConnectionOptions FrameOptions = new()
    {
        // The window of requests in flight bounds what is queued; pausing the receive loop would hold answers back.
        OutboundBytesMax = int.MaxValue,
        FrameSizeMax = ClientLimits.FrameSizeMax,
    };

    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, PendingCall> _pending = [];
    private readonly RuntimePorts _ports;
    private readonly FrameConnection _frames;
    private readonly Action<BrokerConnection, CloseReason> _closed;
    private Task _running = Task.CompletedTask;
    private IDisposable? _timer;
    private MonotonicTime _timerAt;
    private ulong _lastCorrelation;
    private CloseReason? _closeReason;

    private BrokerConnection(
        string address,
        IByteConnection bytes,
        ClientOptions options,
        RuntimePorts ports,
        Action<BrokerConnection, CloseReason> closed)
    {
        Address = address;
        _ports = ports;
        _closed = closed;
        _frames = new FrameConnection(bytes, this, FrameOptions, ports, new TransportFailures(options.Log));
    }

    public string Address { get; }

    /// <summary>What the broker told about itself; set once the connection is open.</summary>
    public HelloResponse Hello { get; private set; } = null!;

    public bool IsOpen => Volatile.Read(ref _closeReason) is null && _frames.Reason is null;

    /// <summary>Bytes that wait to be sent.</summary>
    public long QueuedBytes => _frames.QueuedBytes;

    /// <summary>Connects and says hello.</summary>
    /// <param name="closed">Told once, after every pending request was told.</param>
    /// <exception cref="NetworkException">Refused, unreachable or not resolved.</exception>
    /// <exception cref="FastLogException">The broker refused the hello.</exception>
    public static async Task<BrokerConnection> OpenAsync(
        string address,
        EndPoint endPoint,
        INetwork network,
        ClientOptions options,
        RuntimePorts ports,
        Action<BrokerConnection, CloseReason> closed,
        CancellationToken cancellationToken)
    {
        using var deadline = new Deadline(ports, options.ConnectTimeout, cancellationToken);
        BrokerConnection? connection = null;
        try
        {
            IByteConnection bytes = await network.ConnectAsync(endPoint, deadline.Token);
            connection = new BrokerConnection(address, bytes, options, ports, closed);
            connection._running = connection._frames.RunAsync();
            var hello = new HelloRequest(options.ClientName, ClientVersion, [], Uid128.None, NodeId.None);
            connection.Hello = await connection.CallAsync<HelloRequest, HelloResponse>(
                hello, deadline.Left, deadline.Token);
            connection._frames.Open();
            return connection;
        }
        catch (Exception cause)
        {
            if (connection is not null)
                await connection.DisposeAsync();
            if (cause is OperationCanceledException && deadline.IsExpired)
                throw new NetworkException(
                    $"no connection to {address} within {options.ConnectTimeout.TotalSeconds:0.###} s", cause);
            throw;
        }
    }

    public CorrelationId NextCorrelation() => new(Interlocked.Increment(ref _lastCorrelation));

    /// <summary>Sends a request; the sink is told its outcome exactly once, unless the answer is false.</summary>
    /// <param name="frame">Handed over.</param>
    /// <param name="closeOnTimeout">
    /// For requests whose late effect would upset the order: the connection ends with them.
    /// </param>
    public bool TrySend(
        OutboundFrame frame, CorrelationId correlation, IResponseSink sink, TimeSpan timeout, bool closeOnTimeout)
    {
        MonotonicTime due = _ports.Clock.Now.Plus(timeout);
        lock (_gate)
        {
            if (_closeReason is not null)
            {
                frame.Dispose();
                return false;
            }

            _pending.Add(correlation.Value, new PendingCall(sink, due, closeOnTimeout));
            ArmTimer(due);
        }

        if (_frames.TrySend(frame))
            return true;

        // Either this thread takes the call back, or closing has told the sink already.
        lock (_gate)
            return !_pending.Remove(correlation.Value);
    }

    /// <summary>Sends a frame that is never answered; false when the connection is closed.</summary>
    public bool TrySendOneWay(OutboundFrame frame) => _frames.TrySend(frame);

    /// <summary>A request without payload and its answer.</summary>
    /// <exception cref="FastLogException">The broker answered with an error.</exception>
    /// <exception cref="RequestTimeoutException">No answer in time.</exception>
    /// <exception cref="ConnectionLostException">The connection ended first.</exception>
    public async Task<TResponse> CallAsync<TRequest, TResponse>(
        TRequest request, TimeSpan timeout, CancellationToken cancellationToken)
        where TRequest : IRequest<TRequest, TResponse>
        where TResponse : IMessage<TResponse>
    {
        using InboundFrame frame = await ExchangeAsync<TRequest, TResponse>(request, timeout, cancellationToken);
        return Answers.Read<TResponse>(frame, Address);
    }

    /// <summary>The same, with the response's frame, for messages with a payload; the caller disposes it.</summary>
    public async Task<InboundFrame> ExchangeAsync<TRequest, TResponse>(
        TRequest request, TimeSpan timeout, CancellationToken cancellationToken)
        where TRequest : IRequest<TRequest, TResponse>
        where TResponse : IMessage<TResponse>
    {
        CorrelationId correlation = NextCorrelation();
        var call = new AwaitedCall(this);
        HeaderTags tags = HeaderTags.WithDeadline(timeout);
        OutboundFrame frame = OutboundFrame.Rent(FrameWriter.HeadSize(request, tags));
        FrameWriter.Write(frame.Head, FrameHeader.Request(TRequest.Api, correlation), request, 0, tags);
        if (!TrySend(frame, correlation, call, timeout, closeOnTimeout: false))
            throw new ConnectionLostException(
                $"the connection to {Address} was closed before the request was sent", Address);
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static (state, token) => ((AwaitedCall)state!).Cancel(token), call);
        return await call.Task;
    }

    /// <summary>Breaks the connection; each pending request is told.</summary>
    public void Close(CloseReason reason) => _frames.Close(reason);

    /// <summary>Closes, and ends when nothing of it runs any more.</summary>
    public async ValueTask DisposeAsync()
    {
        _frames.Close(CloseReason.Requested);
        await _running;
        await _frames.DisposeAsync();
    }

    ValueTask IFrameHandler.OnFrameAsync(InboundFrame frame)
    {
        FrameHeader header = frame.Header;
        PendingCall call;
        lock (_gate)
        {
            if (!_pending.Remove(header.Correlation.Value, out call))
            {
                frame.Dispose(); // the answer to a request that was given up
                return ValueTask.CompletedTask;
            }
        }

        call.Sink.OnAnswer(frame);
        return ValueTask.CompletedTask;
    }

    void IFrameHandler.OnClosed(CloseReason reason)
    {
        List<KeyValuePair<ulong, PendingCall>> left;
        lock (_gate)
        {
            _closeReason ??= reason;
            left = [.. _pending];
            _pending.Clear();
            _timer?.Dispose();
        }

        left.Sort(static (a, b) => a.Key.CompareTo(b.Key));
        foreach ((_, PendingCall call) in left)
            call.Sink.OnLost(
                new RequestLoss(IsTimeout: false, $"the connection to {Address} ended ({reason.Details})"));
        _closed(this, reason);
    }

    private void ArmTimer(MonotonicTime due)
    {
        if (_timer is not null && _timerAt <= due)
            return;
        _timer?.Dispose();
        _timerAt = due;
        _timer = _ports.Timers.Schedule(due.Since(_ports.Clock.Now), new ActionWork(ExpireCalls));
    }

    private void ExpireCalls()
    {
        List<KeyValuePair<ulong, PendingCall>> expired = [];
        lock (_gate)
        {
            _timer?.Dispose();
            _timer = null;
            MonotonicTime now = _ports.Clock.Now;
            MonotonicTime? next = null;
            foreach (KeyValuePair<ulong, PendingCall> entry in _pending)
            {
                if (entry.Value.Due <= now)
                    expired.Add(entry);
                else if (next is null || entry.Value.Due < next.Value)
                    next = entry.Value.Due;
            }

            foreach ((ulong key, _) in expired)
                _pending.Remove(key);
            if (next is { } due && _closeReason is null)
                ArmTimer(due);
        }

        expired.Sort(static (a, b) => a.Key.CompareTo(b.Key));
        bool mustClose = false;
        foreach ((_, PendingCall call) in expired)
        {
            mustClose |= call.CloseOnTimeout;
            call.Sink.OnLost(new RequestLoss(IsTimeout: true, $"{Address} did not answer in time"));
        }

        if (mustClose)
            Close(new CloseReason(CloseKind.Requested, "a produce request was not answered in time"));
    }

    private readonly record struct PendingCall(IResponseSink Sink, MonotonicTime Due, bool CloseOnTimeout);

    /// <summary>A call that somebody awaits.</summary>
    private sealed class AwaitedCall(BrokerConnection connection) : IResponseSink
    {
        private readonly TaskCompletionSource<InboundFrame> _source =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<InboundFrame> Task => _source.Task;

        public void OnAnswer(InboundFrame frame)
        {
            if (!_source.TrySetResult(frame))
                frame.Dispose(); // cancelled meanwhile
        }

        public void OnLost(RequestLoss loss) => _source.TrySetException(loss.IsTimeout
            ? new RequestTimeoutException(loss.Details)
            {
                Broker = connection.Address,
                IsRetriable = true,
                IsOutcomeUnknown = true,
            }
            : new ConnectionLostException(loss.Details, connection.Address) { IsOutcomeUnknown = true });

        public void Cancel(CancellationToken token) => _source.TrySetCanceled(token);
    }
}

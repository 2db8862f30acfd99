using System.Net;
using FastLog.Primitives;
using FastLog.Transport.Network;

namespace FastLog.Transport;

/// <summary>
/// One connection that carries frames: a receive loop, an ordered bounded outbound queue with its send loop, and one
/// shutdown that keeps the first reason. Sending and closing from any thread.
/// </summary>
public sealed class FrameConnection : IAsyncDisposable
{
    private const int Running = 0;
    private const int Ending = 1;
    private const int Ended = 2;

    private readonly IByteConnection _connection;
    private readonly IFrameHandler _handler;
    private readonly FrameConnectionOptions _options;
    private readonly RuntimePorts _ports;
    private readonly ITransportLog _log;
    private readonly FrameSender _sender;
    private readonly FrameReceiver _receiver;
    private readonly Deadlines _deadlines;
    private readonly CancellationTokenSource _closed = new();
    private readonly TaskCompletionSource _told = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();

    private CloseReason? _reason;
    private Task? _run;
    private int _state;
    private int _frameSizeMax;
    private bool _open;
    private bool _allSent;
    private bool _receiveEnded;
    private long _startedAt;
    private long _lastSent;
    private long _endingAt;

    /// <param name="connection">Handed over: disposed when the run has ended.</param>
    /// <param name="handler">Gets the frames.</param>
    /// <param name="log">Told of opening and closing; null for nobody.</param>
    public FrameConnection(
        IByteConnection connection,
        IFrameHandler handler,
        FrameConnectionOptions options,
        RuntimePorts ports,
        ITransportLog? log = null)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(handler);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(ports);
        _connection = connection;
        _handler = handler;
        _options = options;
        _ports = ports;
        _log = log ?? SilentTransportLog.Instance;
        _frameSizeMax = options.HandshakeFrameSizeMax;
        Closed = _closed.Token;
        _sender = new FrameSender(this, connection, options, ports);
        _receiver = new FrameReceiver(this, _sender, connection, handler, options, ports);
        _deadlines = new Deadlines(this);
    }

    public EndPoint RemoteAddress => _connection.RemoteAddress;

    /// <summary>Cancelled when the connection closes: ends waits that only this peer is interested in.</summary>
    public CancellationToken Closed { get; }

    /// <summary>Why it closed, or is closing; null while it runs.</summary>
    public CloseReason? Reason => Volatile.Read(ref _reason);

    /// <summary>Bytes queued for the peer beyond the frame being sent.</summary>
    public long QueuedBytes => _sender.QueuedBytes;

    /// <summary>True while so much is queued that the peer's requests are not read.</summary>
    public bool IsCongested => _sender.IsCongested;

    /// <summary>A snapshot; of the past by a moment while the connection runs.</summary>
    public ConnectionCounts Counts => new(
        _receiver.FramesReceived, _receiver.BytesReceived, _sender.FramesSent, _sender.BytesSent, _sender.Sends);

    internal bool IsEnding => Volatile.Read(ref _state) != Running;

    internal bool IsClosed => Volatile.Read(ref _state) == Ended;

    internal int FrameSizeMax => Volatile.Read(ref _frameSizeMax);

    /// <summary>Runs until the connection is closed and everything it owned was given back. Once; never fails.</summary>
    public Task RunAsync()
    {
        lock (_gate)
        {
            Invariant.Check(_run is null);
            _run = RunOnceAsync();
            return _run;
        }
    }

    /// <summary>Hello is done: the full frame limit holds and the hello deadline ends.</summary>
    public void Open()
    {
        Volatile.Write(ref _frameSizeMax, _options.FrameSizeMax);
        Volatile.Write(ref _open, true);
    }

    /// <summary>
    /// Queues the frame, handed over, and sends it at once if no send is in progress (on this thread: call it outside of
    /// locks). False when the connection is closed or closing; the frame is disposed then too.
    /// </summary>
    /// <param name="more">True if another frame or <see cref="Flush"/> follows at once: they leave in one send.</param>
    public bool TrySend(OutboundFrame frame, bool more = false)
    {
        ArgumentNullException.ThrowIfNull(frame);
        QueueResult result = _sender.TryQueue(frame, more);
        if (result == QueueResult.Overflow)
            Close(new CloseReason(CloseKind.OutboundOverflow, $"{_sender.QueuedBytes} bytes are queued for a peer that does not read"));
        return result == QueueResult.Queued;
    }

    /// <summary>Sends what <c>more</c> kept back.</summary>
    public void Flush() => _sender.Flush(release: false);

    /// <summary>Ends when less is queued than makes the receive loop pause, or the connection is closed.</summary>
    public Task WhenDrainedAsync() => _sender.WhenDrainedAsync();

    /// <summary>Breaks the connection now; what is queued is given back unsent. The first reason stays. Idempotent.</summary>
    public void Close(CloseReason reason)
    {
        Interlocked.CompareExchange(ref _reason, reason, null);
        if (Interlocked.Exchange(ref _state, Ended) == Ended)
            return;
        _connection.Abort();
        _sender.Close();
        _ports.Executor.Post(new ActionWork(TellClosed));
        _closed.Cancel();
    }

    /// <summary>
    /// Sends what is queued and then the last frame (handed over; may be null), then closes. No frame is received or
    /// queued from now on. Bounded by the write stall limit and the linger limit.
    /// </summary>
    public void CloseWhenSent(CloseReason reason, OutboundFrame? last = null)
    {
        Interlocked.CompareExchange(ref _reason, reason, null);
        if (Interlocked.CompareExchange(ref _state, Ending, Running) != Running)
        {
            last?.Dispose();
            return;
        }

        last?.CheckSize();
        _sender.End(last);
    }

    /// <summary>Closes and waits for the end of the run.</summary>
    public async ValueTask DisposeAsync()
    {
        Close(CloseReason.Requested);
        Task? run;
        lock (_gate)
        {
            // Never started: the run gives everything back and ends at once.
            run = _run ??= RunOnceAsync();
        }

        await run;
    }

    /// <summary>All that was queued has been sent, and no more will come.</summary>
    internal void AllSent()
    {
        lock (_gate)
        {
            if (_allSent)
                return;
            _allSent = true;
            Volatile.Write(ref _endingAt, _ports.Clock.Now.Nanoseconds);
        }

        _connection.EndSend();
        CloseIfThrough();
    }

    internal void ReceiveEnded()
    {
        lock (_gate)
            _receiveEnded = true;
        CloseIfThrough();
    }

    internal void HandlerFailed(Exception cause)
    {
        _log.HandlerFailed(RemoteAddress, cause);
        Close(new CloseReason(CloseKind.HandlerFailed, $"internal error: {cause.Message}"));
    }

    internal void Sent() => Volatile.Write(ref _lastSent, _ports.Clock.Now.Nanoseconds);

    private void CloseIfThrough()
    {
        bool through;
        lock (_gate)
            through = _allSent && _receiveEnded;
        if (through)
            Close(CloseReason.Requested);
    }

    private async Task RunOnceAsync()
    {
        Volatile.Write(ref _startedAt, _ports.Clock.Now.Nanoseconds);
        DeadlineWatch watch = _options.Watch ?? new DeadlineWatch(_ports);
        watch.Add(_deadlines);
        _log.ConnectionOpened(RemoteAddress);
        Task sending = _sender.RunAsync();
        Start();
        await _receiver.RunAsync();
        await sending;
        watch.Remove(_deadlines);
        await _told.Task;
        _connection.Dispose();
        _log.ConnectionClosed(RemoteAddress, _reason!, Counts);
    }

    private void Start()
    {
        try
        {
            _handler.OnStarted(this);
        }
#pragma warning disable CA1031 // As a failure in OnFrameAsync: the connection closes with it.
        catch (Exception cause)
#pragma warning restore CA1031
        {
            HandlerFailed(cause);
        }
    }

    private void TellClosed()
    {
        try
        {
            _handler.OnClosed(_reason!);
        }
#pragma warning disable CA1031 // Nobody above could do more than log it.
        catch (Exception cause)
#pragma warning restore CA1031
        {
            _log.HandlerFailed(RemoteAddress, cause);
        }

        _told.TrySetResult();
    }

    private void CheckDeadlines(MonotonicTime now)
    {
        if (_sender.SendStarted is { } sending && now.Since(sending) > _options.WriteStallLimit)
        {
            Close(new CloseReason(CloseKind.WriteStalled, $"the peer took no bytes for {_options.WriteStallLimit.TotalSeconds:0} s"));
            return;
        }

        if (IsEnding)
        {
            long endingAt = Volatile.Read(ref _endingAt);
            if (endingAt != 0 && now.Since(new MonotonicTime(endingAt)) > _options.LingerLimit)
                Close(CloseReason.Requested);
            return;
        }

        if (_receiver.IsTooSlow(now))
            Refuse(new CloseReason(CloseKind.FrameTooSlow, "a frame did not come in the time allowed"));
        else if (!Volatile.Read(ref _open) && IsOver(now, Volatile.Read(ref _startedAt), _options.HelloDeadline))
            Refuse(new CloseReason(CloseKind.HelloTooSlow, "no hello in the time allowed"));
        else if (_sender.SendStarted is null && !_receiver.IsBusy && IsOver(now, LastActivity(), _options.IdleLimit))
            CloseWhenSent(new CloseReason(CloseKind.Idle, $"nothing came or went for {_options.IdleLimit.TotalSeconds:0} s"));
    }

    private void Refuse(CloseReason reason)
    {
        try
        {
            CloseWhenSent(reason, _handler.OnRefused(reason, null));
        }
#pragma warning disable CA1031 // One handler's failure must not end the watch over all connections.
        catch (Exception cause)
#pragma warning restore CA1031
        {
            HandlerFailed(cause);
        }
    }

    private long LastActivity() =>
        Math.Max(Volatile.Read(ref _startedAt), Math.Max(_receiver.LastReceived, Volatile.Read(ref _lastSent)));

    private static bool IsOver(MonotonicTime now, long since, TimeSpan limit) =>
        limit != Timeout.InfiniteTimeSpan && now.Since(new MonotonicTime(since)) > limit;

    private sealed class Deadlines(FrameConnection connection) : Watched
    {
        internal override void Check(MonotonicTime now) => connection.CheckDeadlines(now);
    }
}

using System.Threading.Tasks.Sources;
using FastLog.Primitives;
using FastLog.Transport.Network;

namespace FastLog.Transport;

/// <summary>
/// The sending half of a connection: an ordered bounded queue and one loop. The thread that queues a frame while the loop
/// sleeps runs it and so sends at once; frames queued while a send is in progress leave together in the next one.
/// </summary>
/// <remarks>
/// Lock order: <c>_gate</c> is the innermost lock; nothing is called under it. The loop owns the group and the frame that is
/// cut; each frame is disposed either by the loop or, when the queue was already closed, by <see cref="TryQueue"/>.
/// </remarks>
internal sealed class FrameSender : IValueTaskSource
{
    /// <summary>After so many groups without a pause the loop leaves the thread that woke it.</summary>
    private const int GroupsPerWake = 16;

    private readonly Lock _gate = new();
    private readonly Queue<OutboundFrame> _queue = new();
    private readonly List<OutboundPiece> _pieces = [];
    private readonly List<OutboundFrame> _whole = [];
    private readonly FrameConnection _owner;
    private readonly IByteConnection _connection;
    private readonly FrameConnectionOptions _options;
    private readonly RuntimePorts _ports;

    private ManualResetValueTaskSourceCore<bool> _wake;
    private TaskCompletionSource? _drained;
    private OutboundFrame? _cut;
    private int _cutPiece;
    private int _cutBytes;
    private long _queuedBytes;
    private long _queuedMemory;
    private bool _awake;
    private bool _held;
    private bool _ending;
    private bool _closed;
    private long _sendStarted;

    public FrameSender(
        FrameConnection owner, IByteConnection connection, FrameConnectionOptions options, RuntimePorts ports)
    {
        _owner = owner;
        _connection = connection;
        _options = options;
        _ports = ports;
    }

    public long QueuedBytes => Volatile.Read(ref _queuedBytes);

    /// <summary>True while more is queued than the peer should be read for.</summary>
    public bool IsCongested =>
        Volatile.Read(ref _queuedBytes) > _options.OutboundBytesMax || _queue.Count > _options.OutboundFramesMax;

    /// <summary>When the send in progress began; null when none is.</summary>
    public MonotonicTime? SendStarted
    {
        get
        {
            long started = Volatile.Read(ref _sendStarted);
            return started == 0 ? null : new MonotonicTime(started);
        }
    }

    public long FramesSent { get; private set; }

    public long BytesSent { get; private set; }

    public long Sends { get; private set; }

    /// <summary>Queues the frame, or disposes it and answers why not.</summary>
    /// <param name="more">True keeps it until the next frame without it, a flush, or a full group.</param>
    public QueueResult TryQueue(OutboundFrame frame, bool more)
    {
        frame.CheckSize();
        QueueResult result = QueueResult.Queued;
        bool wake = false;
        lock (_gate)
        {
            if (_closed || _ending)
            {
                result = QueueResult.Closed;
            }
            else if (_queuedMemory > TransportLimits.OutboundMemoryMax || _queue.Count >= TransportLimits.OutboundFramesHardMax)
            {
                result = QueueResult.Overflow;
            }
            else
            {
                _queue.Enqueue(frame);
                _queuedBytes += frame.Length;
                _queuedMemory += frame.MemoryLength;
                wake = MayWake(more);
            }
        }

        if (result != QueueResult.Queued)
            frame.Dispose();
        else if (wake)
            _wake.SetResult(true);
        return result;
    }

    /// <summary>Keeps frames back while more are expected at once (a burst of requests is being handled).</summary>
    public void Hold()
    {
        lock (_gate)
            _held = true;
    }

    /// <summary>Sends what was kept back.</summary>
    public void Flush(bool release)
    {
        bool wake;
        lock (_gate)
        {
            if (release)
                _held = false;
            wake = !_closed && !_awake && _queue.Count > 0;
            _awake |= wake;
        }

        if (wake)
            _wake.SetResult(true);
    }

    /// <summary>The last frame, if any; no further one is taken, and the owner is told when all has been sent.</summary>
    public void End(OutboundFrame? last)
    {
        bool wake = false;
        bool taken = false;
        lock (_gate)
        {
            if (!_closed && !_ending)
            {
                _ending = true;
                if (last is not null)
                {
                    _queue.Enqueue(last);
                    _queuedBytes += last.Length;
                    _queuedMemory += last.MemoryLength;
                    taken = true;
                }

                wake = !_awake;
                _awake = true;
            }
        }

        if (!taken)
            last?.Dispose();
        if (wake)
            _wake.SetResult(true);
    }

    /// <summary>Takes no further frame; the loop ends and disposes what is queued. The connection is aborted beside.</summary>
    public void Close()
    {
        bool wake;
        TaskCompletionSource? drained;
        lock (_gate)
        {
            wake = !_closed && !_awake;
            _closed = true;
            _awake |= wake;
            drained = _drained;
            _drained = null;
        }

        drained?.TrySetResult();
        if (wake)
            _wake.SetResult(true);
    }

    /// <summary>Ends when the queue is below half of its limit, or closed.</summary>
    public Task WhenDrainedAsync()
    {
        lock (_gate)
        {
            if (_closed || !IsCongested)
                return Task.CompletedTask;
            _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _drained.Task;
        }
    }

    /// <summary>The loop; ends after <see cref="Close"/>. Never fails.</summary>
    public async Task RunAsync()
    {
        try
        {
            while (!Volatile.Read(ref _closed))
            {
                await new ValueTask(this, _wake.Version);
                _wake.Reset();
                await SendQueuedAsync();
            }
        }
#pragma warning disable CA1031 // The loop is the owner of every failure of a send: the connection closes with it.
        catch (Exception cause)
#pragma warning restore CA1031
        {
            _owner.Close(new CloseReason(CloseKind.Broken, cause.Message));
        }

        DisposeAll();
    }

    void IValueTaskSource.GetResult(short token) => _wake.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _wake.GetStatus(token);

    void IValueTaskSource.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _wake.OnCompleted(continuation, state, token, flags);

    private bool MayWake(bool more)
    {
        if (_awake || ((more || _held) && _queuedBytes < TransportLimits.SendGroupBytesMax))
            return false;
        _awake = true;
        return true;
    }

    private async ValueTask SendQueuedAsync()
    {
        int groups = 0;
        while (TakeGroup())
        {
            Volatile.Write(ref _sendStarted, _ports.Clock.Now.Nanoseconds);
            await _connection.SendAsync(_pieces, CancellationToken.None);
            Volatile.Write(ref _sendStarted, 0);
            Sends++;
            Release();
            _owner.Sent();
            if (++groups % GroupsPerWake == 0)
                await new ExecutorHop(_ports.Executor);
        }
    }

    /// <summary>Takes the next pieces up to the limits of one send; false when there are none: the loop sleeps.</summary>
    private bool TakeGroup()
    {
        _pieces.Clear();
        TaskCompletionSource? drained = null;
        bool ended = false;
        lock (_gate)
        {
            if (_closed)
                return false;
            int bytes = 0;
            while (bytes < TransportLimits.SendGroupBytesMax && _pieces.Count < TransportLimits.SendGroupPiecesMax && Next())
                bytes += TakePieces(TransportLimits.SendGroupBytesMax - bytes);
            if (_pieces.Count == 0)
            {
                _awake = false;
                ended = _ending;
            }

            if (_drained is not null && _queuedBytes <= _options.OutboundBytesMax / 2 &&
                _queue.Count <= _options.OutboundFramesMax / 2)
            {
                drained = _drained;
                _drained = null;
            }
        }

        drained?.TrySetResult();
        if (ended)
            _owner.AllSent();
        return _pieces.Count > 0;
    }

    private bool Next()
    {
        if (_cut is not null)
            return true;
        if (!_queue.TryDequeue(out _cut))
            return false;
        _queuedBytes -= _cut.Length;
        _queuedMemory -= _cut.MemoryLength;
        _cutPiece = 0;
        _cutBytes = 0;
        return true;
    }

    /// <summary>Adds pieces of the current frame, the last one cut where the group is full.</summary>
    private int TakePieces(int bytesMax)
    {
        int taken = 0;
        IReadOnlyList<OutboundPiece> pieces = _cut!.Pieces;
        while (_cutPiece < pieces.Count && taken < bytesMax)
        {
            OutboundPiece piece = pieces[_cutPiece];
            int left = (int)(piece.Length - _cutBytes);
            int length = Math.Min(left, bytesMax - taken);
            _pieces.Add(Slice(piece, _cutBytes, length));
            taken += length;
            _cutBytes += length;
            if (length == left)
            {
                _cutPiece++;
                _cutBytes = 0;
            }
        }

        if (_cutPiece == pieces.Count)
        {
            _whole.Add(_cut);
            _cut = null;
        }

        return taken;
    }

    private static OutboundPiece Slice(in OutboundPiece piece, int start, int length)
    {
        if (length == piece.Length)
            return piece;
        if (piece.Region.IsEmpty)
            return OutboundPiece.Of(piece.Memory.Slice(start, length));
        return OutboundPiece.Of(new FileRegion(piece.Region.File, piece.Region.Position.Plus(start), length));
    }

    private void Release()
    {
        _pieces.Clear();
        foreach (OutboundFrame frame in _whole)
        {
            FramesSent++;
            BytesSent += frame.Length;
            frame.Dispose();
        }

        _whole.Clear();
    }

    private void DisposeAll()
    {
        Volatile.Write(ref _sendStarted, 0);
        foreach (OutboundFrame frame in _whole)
            frame.Dispose();
        _whole.Clear();
        _cut?.Dispose();
        _cut = null;

        // The queue is closed: nothing is added any more.
        List<OutboundFrame> rest = [];
        lock (_gate)
        {
            rest.AddRange(_queue);
            _queue.Clear();
            _queuedBytes = 0;
            _queuedMemory = 0;
        }

        foreach (OutboundFrame frame in rest)
            frame.Dispose();
    }
}

/// <summary>How queueing a frame ended.</summary>
internal enum QueueResult
{
    Queued,
    Closed,
    Overflow,
}

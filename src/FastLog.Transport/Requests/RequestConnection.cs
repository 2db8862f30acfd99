using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Frames;
using FastLog.Transport.Network;

namespace FastLog.Transport;

/// <summary>
/// The asking side of a connection: each request waits for its one response or error frame. It runs from its making until
/// it is closed. Thread-safe. Order of calls: <see cref="ReserveAsync"/>, write a frame with the id,
/// <see cref="SendAsync"/>; <see cref="FrameConnection.Open"/> when hello was answered.
/// </summary>
public sealed class RequestConnection : IAsyncDisposable
{
    private const int IndexBits = 12;
    private const int InFlightCeiling = 1 << IndexBits;

    private readonly Lock _gate = new();
    private readonly RequestSlot[] _slots;
    private readonly Stack<RequestSlot> _free;
    private readonly LinkedList<TaskCompletionSource<CorrelationId>> _reserving = new();
    private readonly RequestConnectionOptions _options;
    private readonly RuntimePorts _ports;
    private readonly DeadlineWork _deadlineWork;
    private readonly TaskCompletionSource<CloseReason> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CloseReason? _closed;
    private IDisposable? _timer;
    private MonotonicTime? _timerAt;

    /// <param name="connection">Handed over.</param>
    /// <param name="log">Told of opening and closing; null for nobody.</param>
    public RequestConnection(
        IByteConnection connection, RequestConnectionOptions options, RuntimePorts ports, ITransportLog? log = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(ports);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.InFlightMax, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.InFlightMax, InFlightCeiling);
        _options = options;
        _ports = ports;
        _deadlineWork = new DeadlineWork(this);
        _slots = new RequestSlot[options.InFlightMax];
        _free = new Stack<RequestSlot>(options.InFlightMax);
        for (int i = _slots.Length - 1; i >= 0; i--)
        {
            _slots[i] = new RequestSlot(this, i);
            _free.Push(_slots[i]);
        }

        Frames = new FrameConnection(connection, new Answers(this), options.Frames, ports, log);
        _ = Frames.RunAsync();
    }

    /// <summary>The connection below.</summary>
    public FrameConnection Frames { get; }

    /// <summary>Ends, without fault, when the connection is closed.</summary>
    public Task<CloseReason> Ended => _ended.Task;

    /// <summary>A place among the requests in flight; waits while all are taken. Ended by SendAsync or Abandon.</summary>
    /// <exception cref="ConnectionClosedException">The connection is closed.</exception>
    public ValueTask<CorrelationId> ReserveAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (TryReserve(out CorrelationId correlation))
            return new ValueTask<CorrelationId>(correlation);
        return WaitForPlaceAsync(cancellationToken);
    }

    /// <summary>A place, if one is free and nobody waits for it.</summary>
    /// <exception cref="ConnectionClosedException">The connection is closed.</exception>
    public bool TryReserve(out CorrelationId correlation)
    {
        lock (_gate)
        {
            ThrowIfClosed();
            return TryReserveLocked(out correlation);
        }
    }

    /// <summary>Gives a reserved place back unused.</summary>
    public void Abandon(CorrelationId correlation)
    {
        RequestSlot? slot;
        lock (_gate)
        {
            slot = Find(correlation, SlotState.Reserved);
            Invariant.Check(slot is not null);
        }

        Free(slot);
    }

    /// <summary>
    /// Sends the frame (handed over) and waits for the frame that answers it (handed over; kind Response or Error). The
    /// continuation runs on the receive loop: it must be short, or post itself to the executor. Await exactly once.
    /// </summary>
    /// <param name="correlation">From <see cref="ReserveAsync"/>, and in the frame's header.</param>
    /// <param name="patience">How long to wait for the answer.</param>
    /// <param name="more">True if another request or <see cref="FrameConnection.Flush"/> follows at once.</param>
    /// <exception cref="RequestTimeoutException">No answer came in time; whether it was done is unknown.</exception>
    /// <exception cref="ConnectionClosedException">The connection closed first; whether it was done is unknown.</exception>
    public ValueTask<InboundFrame> SendAsync(
        CorrelationId correlation, OutboundFrame frame, TimeSpan patience, bool more = false)
    {
        ArgumentNullException.ThrowIfNull(frame);
        RequestSlot? slot;
        ValueTask<InboundFrame> wait;
        lock (_gate)
        {
            slot = Find(correlation, SlotState.Reserved);
            Invariant.Check(slot is not null);
            MonotonicTime now = _ports.Clock.Now;
            slot.State = SlotState.Waiting;
            slot.Patience = patience;
            slot.Deadline = now.Plus(patience);
            wait = slot.Wait;
            Arm(slot.Deadline, now);
        }

        if (!Frames.TrySend(frame, more) && Take(correlation) is { } failed)
            failed.Fail(new ConnectionClosedException(Frames.Reason ?? CloseReason.Requested));
        return wait;
    }

    /// <summary>Closes the connection; every request in flight fails.</summary>
    public ValueTask DisposeAsync() => Frames.DisposeAsync();

    /// <summary>The slot's outcome was taken, or it was not used.</summary>
    internal void Free(RequestSlot slot)
    {
        TaskCompletionSource<CorrelationId>? next = null;
        CorrelationId correlation = default;
        lock (_gate)
        {
            slot.State = SlotState.Free;
            slot.Generation++;
            _free.Push(slot);
            if (_reserving.First is { } first && _closed is null)
            {
                next = first.Value;
                _reserving.RemoveFirst();
                Invariant.Check(TryReserveLocked(out correlation, passing: true));
            }
        }

        // Cancelled in the meantime: the place goes to the next.
        if (next is not null && !next.TrySetResult(correlation))
            Abandon(correlation);
    }

    private async ValueTask<CorrelationId> WaitForPlaceAsync(CancellationToken cancellationToken)
    {
        var waiter = new TaskCompletionSource<CorrelationId>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            ThrowIfClosed();
            if (TryReserveLocked(out CorrelationId correlation))
                return correlation;
            _reserving.AddLast(waiter);
        }

        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            _ =>
            {
                lock (_gate)
                    _reserving.Remove(waiter);
                waiter.TrySetCanceled(cancellationToken);
            },
            null);
        return await waiter.Task;
    }

    private bool TryReserveLocked(out CorrelationId correlation, bool passing = false)
    {
        correlation = default;
        if ((_reserving.Count > 0 && !passing) || !_free.TryPop(out RequestSlot? slot))
            return false;
        slot.State = SlotState.Reserved;
        correlation = new CorrelationId((slot.Generation << IndexBits) | (uint)slot.Index);
        return true;
    }

    private RequestSlot? Find(CorrelationId correlation, SlotState state)
    {
        int index = (int)(correlation.Value & (InFlightCeiling - 1));
        if (index >= _slots.Length)
            return null;
        RequestSlot slot = _slots[index];
        return slot.Generation == correlation.Value >> IndexBits && slot.State == state ? slot : null;
    }

    /// <summary>Takes the waiting request out, to be completed by the caller outside of the lock.</summary>
    private RequestSlot? Take(CorrelationId correlation)
    {
        lock (_gate)
        {
            RequestSlot? slot = Find(correlation, SlotState.Waiting);
            if (slot is not null)
                slot.State = SlotState.Done;
            return slot;
        }
    }

    private List<RequestSlot> TakeWhere(Func<RequestSlot, bool> condition)
    {
        List<RequestSlot> taken = [];
        foreach (RequestSlot slot in _slots)
        {
            if (slot.State != SlotState.Waiting || !condition(slot))
                continue;
            slot.State = SlotState.Done;
            taken.Add(slot);
        }

        return taken;
    }

    /// <summary>One timer, for the earliest deadline: in the steady state it fires once in a request's patience.</summary>
    private void Arm(MonotonicTime deadline, MonotonicTime now)
    {
        if (_closed is not null || (_timerAt is { } at && at <= deadline))
            return;
        _timer?.Dispose();
        _timerAt = deadline;
        _timer = _ports.Timers.Schedule(deadline.Since(now) + TimeSpan.FromMilliseconds(1), _deadlineWork);
    }

    private void CheckDeadlines()
    {
        List<RequestSlot> late;
        lock (_gate)
        {
            MonotonicTime now = _ports.Clock.Now;
            late = TakeWhere(slot => slot.Deadline <= now);
            _timerAt = null;
            MonotonicTime? next = null;
            foreach (RequestSlot slot in _slots)
            {
                if (slot.State == SlotState.Waiting && (next is null || slot.Deadline < next))
                    next = slot.Deadline;
            }

            if (next is { } deadline)
                Arm(deadline, now);
        }

        foreach (RequestSlot slot in late)
            slot.Fail(new RequestTimeoutException(slot.Patience));
    }

    private void Answered(InboundFrame frame)
    {
        FrameHeader header = frame.Header;
        if (header.Kind is FrameKind.Response or FrameKind.Error)
        {
            if (Take(header.Correlation) is { } slot)
                slot.Complete(frame);
            else
                frame.Dispose();
        }
        else if (header.Kind == FrameKind.Push && _options.OnPush is { } onPush)
        {
            onPush(frame);
        }
        else
        {
            frame.Dispose();
        }
    }

    private void FailAll(CloseReason reason)
    {
        List<RequestSlot> waiting;
        List<TaskCompletionSource<CorrelationId>> reserving;
        lock (_gate)
        {
            _closed = reason;
            _timer?.Dispose();
            waiting = TakeWhere(_ => true);
            reserving = [.. _reserving];
            _reserving.Clear();
        }

        foreach (RequestSlot slot in waiting)
            slot.Fail(new ConnectionClosedException(reason));
        foreach (TaskCompletionSource<CorrelationId> waiter in reserving)
            waiter.TrySetException(new ConnectionClosedException(reason));
        _ended.TrySetResult(reason);
    }

    private void ThrowIfClosed()
    {
        if ((_closed ?? Frames.Reason) is { } reason)
            throw new ConnectionClosedException(reason);
    }

    private sealed class Answers(RequestConnection owner) : IFrameHandler
    {
        public ValueTask OnFrameAsync(InboundFrame frame)
        {
            owner.Answered(frame);
            return ValueTask.CompletedTask;
        }

        public void OnClosed(CloseReason reason) => owner.FailAll(reason);
    }

    private sealed class DeadlineWork(RequestConnection owner) : IThreadPoolWorkItem
    {
        public void Execute() => owner.CheckDeadlines();
    }
}

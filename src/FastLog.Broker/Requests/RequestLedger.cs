using FastLog.Primitives;
using FastLog.Protocol.Frames;

namespace FastLog.Broker.Requests;

/// <summary>
/// The requests in flight of one connection: their number and bytes (over a limit the connection is not read), their
/// deadlines (one timer for all), and who may answer. Thread-safe; nothing is sent under its lock.
/// </summary>
internal sealed class RequestLedger : IThreadPoolWorkItem
{
    private readonly Lock _gate = new();
    private readonly RuntimePorts _ports;
    private readonly int _countMax;
    private readonly long _bytesMax;
    private readonly Action<FrameHeader> _deadlineOver;
    private PendingRequest? _first;
    private PendingRequest? _last;
    private int _count;
    private long _bytes;
    private TaskCompletionSource? _room;
    private TaskCompletionSource? _drained;
    private IDisposable? _timer;
    private MonotonicTime _timerAt;
    private bool _closed;

    /// <param name="ports">Clock and timers.</param>
    /// <param name="countMax">Requests at once.</param>
    /// <param name="bytesMax">Bytes of their frames at once.</param>
    /// <param name="deadlineOver">Answers a request whose deadline is over and that does not answer it itself.</param>
    public RequestLedger(RuntimePorts ports, int countMax, long bytesMax, Action<FrameHeader> deadlineOver)
    {
        _ports = ports;
        _countMax = countMax;
        _bytesMax = bytesMax;
        _deadlineOver = deadlineOver;
    }

    /// <summary>Requests whose work has not ended.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>True from the close of the connection on.</summary>
    public bool IsClosed => Volatile.Read(ref _closed);

    /// <summary>Lists the request. Its bytes count until <see cref="End"/>.</summary>
    public void Begin(PendingRequest request, long bytes)
    {
        lock (_gate)
        {
            _count++;
            _bytes += bytes;
            request.IsExpired = false;
            request.BegunAt = BrokerMetrics.IsTimed ? _ports.Clock.Now : null;
            request.IsListed = !_closed;
            if (_closed)
                return;
            request.Previous = _last;
            request.Next = null;
            if (_last is null)
                _first = request;
            else
                _last.Next = request;
            _last = request;
            if (request.Deadline is { } deadline)
                Arm(deadline);
        }
    }

    /// <summary>True for the one caller that may answer.</summary>
    public bool TryTakeAnswer(PendingRequest request)
    {
        lock (_gate)
        {
            if (!TryUnlist(request))
                return false;
        }

        if (request.BegunAt is { } begun)
            BrokerMetrics.Answered(request.Header.Api, _ports.Clock.Now.Since(begun));
        return true;
    }

    /// <summary>The work has ended and its memory is given back.</summary>
    public void End(long bytes)
    {
        TaskCompletionSource? room = null;
        TaskCompletionSource? drained = null;
        lock (_gate)
        {
            _count--;
            _bytes -= bytes;
            if (_room is not null && HasRoom)
                (room, _room) = (_room, null);
            if (_count == 0)
                drained = _drained;
        }

        room?.TrySetResult();
        drained?.TrySetResult();
    }

    /// <summary>Ends when a further request may be read.</summary>
    public ValueTask WaitForRoomAsync()
    {
        lock (_gate)
        {
            if (HasRoom || _closed)
                return ValueTask.CompletedTask;
            _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return new ValueTask(_room.Task);
        }
    }

    /// <summary>Ends when no work is in flight.</summary>
    public ValueTask WaitForEndAsync()
    {
        lock (_gate)
        {
            if (_count == 0)
                return ValueTask.CompletedTask;
            _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return new ValueTask(_drained.Task);
        }
    }

    /// <summary>Nudges all: the broker stops.</summary>
    public void NudgeAll()
    {
        foreach (PendingRequest request in Listed())
            request.Nudge();
    }

    /// <summary>Nobody may answer any more; those that wait are dropped.</summary>
    public void Close()
    {
        List<PendingRequest> dropped = [];
        TaskCompletionSource? room;
        lock (_gate)
        {
            // Under one lock: a request that begins meanwhile is nudged here, or sees that the connection is closed.
            _closed = true;
            while (_first is { } first)
            {
                dropped.Add(first);
                TryUnlist(first);
            }

            (room, _room) = (_room, null);
            _timer?.Dispose();
            _timer = null;
        }

        room?.TrySetResult();
        foreach (PendingRequest request in dropped)
            request.Nudge();
    }

    /// <summary>The timer.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        List<PendingRequest>? nudged = null;
        List<FrameHeader>? over = null;
        lock (_gate)
        {
            _timer = null;
            MonotonicTime now = _ports.Clock.Now;
            PendingRequest? next;
            for (PendingRequest? request = _first; request is not null; request = next)
            {
                next = request.Next;
                if (request.IsExpired || request.Deadline is not { } deadline)
                    continue;
                if (deadline > now)
                {
                    Arm(deadline);
                    continue;
                }

                request.IsExpired = true;
                if (request.AnswersDeadline)
                {
                    (nudged ??= []).Add(request);
                    continue;
                }

                // Taken here, so the work finds that it may not answer. The header is copied: the request may be
                // given back and used again while its error is sent.
                TryUnlist(request);
                if (request.WantsAnswer)
                    (over ??= []).Add(request.Header);
            }
        }

        foreach (FrameHeader header in over ?? [])
            _deadlineOver(header);
        foreach (PendingRequest request in nudged ?? [])
            request.Nudge();
    }

    private bool HasRoom => _count < _countMax && _bytes < _bytesMax;

    private List<PendingRequest> Listed()
    {
        var listed = new List<PendingRequest>();
        lock (_gate)
        {
            for (PendingRequest? request = _first; request is not null; request = request.Next)
                listed.Add(request);
        }

        return listed;
    }

    private bool TryUnlist(PendingRequest request)
    {
        if (!request.IsListed)
            return false;
        request.IsListed = false;
        if (request.Previous is null)
            _first = request.Next;
        else
            request.Previous.Next = request.Next;
        if (request.Next is null)
            _last = request.Previous;
        else
            request.Next.Previous = request.Previous;
        request.Previous = null;
        request.Next = null;
        return true;
    }

    // One timer, at the earliest deadline; one that fires for a request that is gone finds the next and arms again.
    private void Arm(MonotonicTime deadline)
    {
        if (_timer is not null && _timerAt <= deadline)
            return;
        _timer?.Dispose();
        _timerAt = deadline;
        TimeSpan delay = deadline.Since(_ports.Clock.Now);
        _timer = _ports.Timers.Schedule(RoundUp(delay), this);
    }

    // Timers count in whole milliseconds: one that fires early would find nothing due.
    private static TimeSpan RoundUp(TimeSpan delay) => delay <= TimeSpan.Zero
        ? TimeSpan.Zero
        : TimeSpan.FromMilliseconds(Math.Ceiling(delay.TotalMilliseconds));
}

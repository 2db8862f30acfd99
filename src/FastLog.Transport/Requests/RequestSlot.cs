using System.Threading.Tasks.Sources;
using FastLog.Primitives;

namespace FastLog.Transport;

/// <summary>
/// One place among the requests in flight, reused: the correlation id tells place and generation, so a late answer finds
/// nobody. Its fields are guarded by the connection's lock.
/// </summary>
internal sealed class RequestSlot(RequestConnection owner, int index) : IValueTaskSource<InboundFrame>
{
    private ManualResetValueTaskSourceCore<InboundFrame> _core;

    public int Index { get; } = index;

    public ulong Generation { get; set; } = 1;

    public SlotState State { get; set; }

    public MonotonicTime Deadline { get; set; }

    public TimeSpan Patience { get; set; }

    /// <summary>The wait of the request that was just begun.</summary>
    public ValueTask<InboundFrame> Wait => new(this, _core.Version);

    /// <summary>Outside of the lock, by the one who took the state from Waiting to Done.</summary>
    public void Complete(InboundFrame frame) => _core.SetResult(frame);

    /// <summary>Outside of the lock, by the one who took the state from Waiting to Done.</summary>
    public void Fail(Exception cause) => _core.SetException(cause);

    InboundFrame IValueTaskSource<InboundFrame>.GetResult(short token)
    {
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            _core.Reset();
            owner.Free(this);
        }
    }

    ValueTaskSourceStatus IValueTaskSource<InboundFrame>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<InboundFrame>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}

/// <summary>The life of a <see cref="RequestSlot"/>.</summary>
internal enum SlotState
{
    Free,

    /// <summary>An id was given out, nothing sent.</summary>
    Reserved,

    /// <summary>Sent; the answer, the deadline or the close takes it on.</summary>
    Waiting,

    /// <summary>Its outcome is there, not yet taken.</summary>
    Done,
}

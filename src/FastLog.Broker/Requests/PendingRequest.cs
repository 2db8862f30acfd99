using FastLog.Primitives;
using FastLog.Protocol.Frames;

namespace FastLog.Broker.Requests;

/// <summary>
/// A request that was not answered yet. Whoever takes it out of its connection's <see cref="RequestLedger"/> may answer
/// it: so there is one answer, whether the work, the deadline or the close comes first.
/// </summary>
internal abstract class PendingRequest
{
    internal PendingRequest? Previous;
    internal PendingRequest? Next;
    internal bool IsListed;
    internal bool IsExpired;
    internal MonotonicTime? BegunAt;

    /// <summary>The request's header, kept for its answer.</summary>
    public FrameHeader Header { get; protected set; }

    /// <summary>When the answer is due at the latest; null waits for the work.</summary>
    public MonotonicTime? Deadline { get; protected set; }

    /// <summary>False for one-way frames.</summary>
    public bool WantsAnswer => Header.Kind == FrameKind.Request;

    /// <summary>True when the request answers its own deadline: it gets <see cref="Nudge"/> and stays listed.</summary>
    public virtual bool AnswersDeadline => false;

    /// <summary>The deadline is over, the connection is closed or the broker stops: look again. From any thread.</summary>
    public virtual void Nudge()
    {
    }
}

/// <summary>A request whose work is one task.</summary>
internal sealed class SimpleRequest : PendingRequest
{
    public SimpleRequest(in FrameHeader header, MonotonicTime? deadline)
    {
        Header = header;
        Deadline = deadline;
    }
}

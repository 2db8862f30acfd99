using FastLog.Primitives;
using FastLog.Storage.Flushing;

namespace FastLog.Storage;

/// <summary>
/// The ends of one partition log and their law, checked on every move: LogStart &lt;= FlushedEnd &lt;= LogEnd, and none of
/// them goes back, but for a truncation; nor does the readable end when the flush mode changes. Moved in the partition's section; read from any
/// thread.
/// </summary>
internal sealed class LogBounds
{
    private volatile FlushMode _mode;
    private long _shownEnd;
    private long _logStart;
    private long _flushedEnd;
    private long _logEnd;

    public LogBounds(FlushMode mode, LogOffset logStart, LogOffset end)
    {
        _mode = mode;
        _logStart = logStart.Value;
        _flushedEnd = end.Value;
        _logEnd = end.Value;
        CheckChain();
    }

    public LogOffset LogStart => new(Volatile.Read(ref _logStart));

    public LogOffset FlushedEnd => new(Volatile.Read(ref _flushedEnd));

    public LogOffset LogEnd => new(Volatile.Read(ref _logEnd));

    /// <summary>What consumers may see: with <c>flush=ack</c> nothing that a power cut could take back.</summary>
    public LogOffset ReadableEnd =>
        _mode == FlushMode.Ack ? LogOffset.Max(FlushedEnd, new LogOffset(Volatile.Read(ref _shownEnd))) : LogEnd;

    /// <summary>What was readable stays so: with the new mode <c>flush=ack</c> new records wait for their flush.</summary>
    public void ChangeMode(FlushMode mode)
    {
        Volatile.Write(ref _shownEnd, ReadableEnd.Value);
        _mode = mode;
    }

    public void MoveLogStart(LogOffset start)
    {
        Invariant.Check(start.Value >= _logStart);
        Invariant.Check(start.Value <= _flushedEnd);
        Volatile.Write(ref _logStart, start.Value);
        CheckChain();
    }

    public void MoveLogEnd(LogOffset end)
    {
        Invariant.Check(end.Value >= _logEnd);
        Volatile.Write(ref _logEnd, end.Value);
        CheckChain();
    }

    public void MoveFlushedEnd(LogOffset end)
    {
        Invariant.Check(end.Value >= _flushedEnd);
        Invariant.Check(end.Value <= _logEnd);
        Volatile.Write(ref _flushedEnd, end.Value);
        CheckChain();
    }

    /// <summary>The suffix was cut: all that is left is flushed.</summary>
    public void CutEnd(LogOffset end)
    {
        Invariant.Check(_flushedEnd == _logEnd);
        Invariant.Check(end.Value <= _logEnd);

        // The flushed end first: it is never seen above the log end.
        Volatile.Write(ref _shownEnd, Math.Min(_shownEnd, end.Value));
        Volatile.Write(ref _flushedEnd, end.Value);
        Volatile.Write(ref _logEnd, end.Value);
        CheckChain();
    }

    private void CheckChain()
    {
        Invariant.Check(_logStart >= 0);
        Invariant.Check(_logStart <= _flushedEnd);
        Invariant.Check(_flushedEnd <= _logEnd);
    }
}

namespace FastLog.Primitives;

/// <summary>The timer port. Thread-safe.</summary>
public interface ITimers
{
    /// <summary>
    /// Runs the work once, on the port's executor, when the delay is over. Disposing the answer before that cancels it;
    /// the work may still run if it was just starting. Dropping the answer does not.
    /// </summary>
    IDisposable Schedule(TimeSpan delay, IThreadPoolWorkItem work);
}

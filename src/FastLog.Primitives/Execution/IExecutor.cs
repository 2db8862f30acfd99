namespace FastLog.Primitives;

/// <summary>The executor port: runs work later, never inside of the caller. Thread-safe.</summary>
public interface IExecutor
{
    /// <summary>Queues the work. Work of one executor may run in any order and in parallel.</summary>
    void Post(IThreadPoolWorkItem work);
}

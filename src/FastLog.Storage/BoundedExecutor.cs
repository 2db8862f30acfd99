using System.Collections.Concurrent;
using FastLog.Primitives;

namespace FastLog.Storage;

/// <summary>
/// Passes work on, a few items at a time and in order, so that many of one kind cannot take all threads of the executor
/// below. An item must not throw. Thread-safe.
/// </summary>
/// <param name="inner">Where the work runs.</param>
/// <param name="atOnceMax">Items that are there at once, 1 or more.</param>
internal sealed class BoundedExecutor(IExecutor inner, int atOnceMax) : IExecutor, IThreadPoolWorkItem
{
    private readonly ConcurrentQueue<IThreadPoolWorkItem> _waiting = new();
    private int _there;

    public void Post(IThreadPoolWorkItem work)
    {
        _waiting.Enqueue(work);
        PassOn();
    }

    /// <summary>Runs one item, then lets others of the executor below go first. Not for callers.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        if (_waiting.TryDequeue(out IThreadPoolWorkItem? work))
            work.Execute();
        Interlocked.Decrement(ref _there);
        PassOn();
    }

    private void PassOn()
    {
        while (!_waiting.IsEmpty)
        {
            if (Interlocked.Increment(ref _there) <= atOnceMax)
            {
                inner.Post(this);
                return;
            }

            // Full. Unless one left meanwhile, whoever leaves next passes on what was queued before.
            if (Interlocked.Decrement(ref _there) >= atOnceMax)
                return;
        }
    }
}

using System.Collections.Concurrent;

namespace FastLog.Transport;

/// <summary>A bounded pool of objects that are reset before they come back. Thread-safe.</summary>
internal sealed class ObjectPool<T>(int keptMax)
    where T : class, new()
{
    private readonly ConcurrentQueue<T> _kept = new();
    private int _count;

    public T Rent()
    {
        if (!_kept.TryDequeue(out T? item))
            return new T();
        Interlocked.Decrement(ref _count);
        return item;
    }

    /// <summary>Keeps the object, or leaves it to the collector when enough are kept.</summary>
    public void Return(T item)
    {
        if (Interlocked.Increment(ref _count) <= keptMax)
            _kept.Enqueue(item);
        else
            Interlocked.Decrement(ref _count);
    }
}

using System.Buffers;

namespace FastLog.Broker.Partitions;

/// <summary>Something that waits for a partition to move.</summary>
internal interface IPartitionWaiter
{
    /// <summary>The partition moved, or its state changed. From any thread, any number of times, even after it has left.</summary>
    void Signal();
}

/// <summary>
/// The fetches that wait for one partition. Thread-safe. A waiter enters, then looks at the partition once more; the
/// partition moves, then looks for waiters: with a full fence between on both sides no move is missed.
/// </summary>
internal sealed class FetchWaiters
{
    private readonly Lock _gate = new();
    private IPartitionWaiter?[] _waiters = [];
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public void Enter(IPartitionWaiter waiter)
    {
        lock (_gate)
        {
            if (_count == _waiters.Length)
                Array.Resize(ref _waiters, Math.Max(4, 2 * _count));
            _waiters[_count] = waiter;
            Volatile.Write(ref _count, _count + 1);
        }

        Interlocked.MemoryBarrier();
    }

    public void Leave(IPartitionWaiter waiter)
    {
        lock (_gate)
        {
            int at = Array.IndexOf(_waiters, waiter, 0, _count);
            if (at < 0)
                return;
            int last = _count - 1;
            Array.Copy(_waiters, at + 1, _waiters, at, last - at);
            _waiters[last] = null;
            Volatile.Write(ref _count, last);
        }
    }

    /// <summary>Signals all, oldest first. Not inside of a section: a waiter may read the log and send.</summary>
    public void Wake()
    {
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _count) == 0)
            return;
        IPartitionWaiter?[] woken;
        int count;
        lock (_gate)
        {
            count = _count;
            woken = ArrayPool<IPartitionWaiter?>.Shared.Rent(count);
            Array.Copy(_waiters, woken, count);
        }

        for (int i = 0; i < count; i++)
            woken[i]!.Signal();
        Array.Clear(woken, 0, count);
        ArrayPool<IPartitionWaiter?>.Shared.Return(woken);
    }
}

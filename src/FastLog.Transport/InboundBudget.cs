using FastLog.Primitives;

namespace FastLog.Transport;

/// <summary>
/// The bytes that received frames of many connections may hold together. A connection that finds it spent stops reading
/// until memory is given back, first come first served. Thread-safe.
/// </summary>
/// <remarks>
/// A frame's buffer grows as its bytes come, so frames that have begun could all wait for each other; therefore one
/// frame at a time may overdraw. Small frames have a share of their own on top and do not wait behind large
/// ones: a few peers that hold large frames half sent must not silence everybody's hellos, fetches and small batches.
/// The most that is held is the limit, the share of small frames and one frame of the largest size.
/// </remarks>
public sealed class InboundBudget : ILeaseObserver
{
    private const long NoFrame = 0;

    private readonly Lock _gate = new();
    private readonly LinkedList<Waiter> _small = new();
    private readonly LinkedList<Waiter> _growing = new();
    private readonly LinkedList<Waiter> _beginning = new();
    private readonly OverdraftObserver _overdraft;
    private long _held;
    private long _smallHeld;
    private int _waiting;
    private int _smallWaiting;
    private long _overdrawnBy;
    private int _overdraftLeases;
    private long _frames;

    /// <param name="bytesMax">What may be held at once, 1 or more.</param>
    public InboundBudget(long bytesMax = TransportLimits.InboundBytesMax)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytesMax, 1);
        BytesMax = bytesMax;
        _overdraft = new OverdraftObserver(this);
    }

    public long BytesMax { get; }

    /// <summary>Bytes held now.</summary>
    public long Held => Volatile.Read(ref _held) + Volatile.Read(ref _smallHeld);

    /// <summary>Connections that wait for memory now.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    void ILeaseObserver.LeaseEnded(int length) => Return(length);

    /// <summary>Takes the bytes if nobody waits and they are free.</summary>
    internal bool TryTake(int bytes)
    {
        if (Volatile.Read(ref _waiting) > 0)
            return false;
        return TryCharge(bytes);
    }

    /// <summary>Takes the bytes of a small frame, or of the small first part of one, if no such frame waits.</summary>
    internal bool TryTakeSmall(int bytes) => Volatile.Read(ref _smallWaiting) == 0 && TryChargeSmall(bytes);

    /// <summary>Waits for the bytes of a small frame: its connection holds nothing else.</summary>
    /// <exception cref="OperationCanceledException">The connection closed.</exception>
    internal async ValueTask TakeSmallAsync(int bytes, CancellationToken closed)
    {
        if (!TryTakeSmall(bytes))
            await WaitAsync(_small, bytes, NoFrame, closed);
    }

    /// <summary>A name for a frame that will rent several buffers.</summary>
    internal long BeginFrame() => Interlocked.Increment(ref _frames);

    /// <summary>A buffer for a frame; waits for the bytes unless the frame may overdraw.</summary>
    /// <param name="frame">From <see cref="BeginFrame"/>; the same for all buffers of a frame.</param>
    /// <param name="growing">True if the frame holds other memory already.</param>
    /// <exception cref="OperationCanceledException">The connection closed.</exception>
    internal async ValueTask<BufferLease> RentAsync(int length, long frame, bool growing, CancellationToken closed)
    {
        ILeaseObserver observer = this;
        if (!TryTake(length))
            observer = await WaitAsync(growing ? _growing : _beginning, length, frame, closed);
        return BufferPool.Shared.Rent(length, clearOnReturn: true, observer);
    }

    internal void Return(int bytes)
    {
        // A full fence, as the waiter's: either this thread sees the waiter or the waiter sees the bytes.
        Interlocked.Add(ref _held, -bytes);
        if (Volatile.Read(ref _waiting) > 0)
            GrantWaiting();
    }

    /// <summary>Gives back what <see cref="TryTakeSmall"/> or <see cref="TakeSmallAsync"/> took.</summary>
    internal void ReturnSmall(int bytes)
    {
        Interlocked.Add(ref _smallHeld, -bytes);
        if (Volatile.Read(ref _waiting) > 0)
            GrantWaiting();
    }

    private bool TryChargeSmall(int bytes)
    {
        long after = Interlocked.Add(ref _smallHeld, bytes);
        if (after <= BytesMax / TransportLimits.InboundSmallShare || after == bytes)
            return true;
        Interlocked.Add(ref _smallHeld, -bytes);
        return false;
    }

    private bool TryCharge(int bytes)
    {
        long after = Interlocked.Add(ref _held, bytes);

        // What is larger than the whole budget passes alone, or it would wait for ever.
        if (after <= BytesMax || after == bytes)
            return true;
        Interlocked.Add(ref _held, -bytes);
        return false;
    }

    private async ValueTask<ILeaseObserver> WaitAsync(
        LinkedList<Waiter> queue, int bytes, long frame, CancellationToken closed)
    {
        var waiter = new Waiter(bytes, frame);
        lock (_gate)
        {
            // The one that may overdraw must not wait behind those that wait for it.
            if (frame != NoFrame && frame == _overdrawnBy)
                queue.AddFirst(waiter);
            else
                queue.AddLast(waiter);
            Count(queue, 1);
        }

        GrantWaiting();
        using (closed.UnsafeRegister(_ => Withdraw(queue, waiter), null))
            return await waiter.Granted.Task;
    }

    private void Withdraw(LinkedList<Waiter> queue, Waiter waiter)
    {
        lock (_gate)
        {
            if (!queue.Remove(waiter))
                return;
            Count(queue, -1);
        }

        waiter.Granted.TrySetCanceled();
        GrantWaiting();
    }

    /// <summary>Grants from the front; whom a lack of bytes stops keeps its place, and those behind it wait too.</summary>
    private void GrantWaiting()
    {
        lock (_gate)
        {
            while (_small.First is { } small && TryChargeSmall(small.Value.Bytes))
            {
                small.Value.Granted.TrySetResult(this);
                Remove(_small);
            }

            while (_growing.First is { } growing && TryGrantGrowing(growing.Value))
                Remove(_growing);
            while (_growing.Count == 0 && _beginning.First is { } beginning && TryCharge(beginning.Value.Bytes))
            {
                beginning.Value.Granted.TrySetResult(this);
                Remove(_beginning);
            }
        }
    }

    private bool TryGrantGrowing(Waiter waiter)
    {
        if (TryCharge(waiter.Bytes))
        {
            waiter.Granted.TrySetResult(this);
            return true;
        }

        if (_overdrawnBy != NoFrame && _overdrawnBy != waiter.Frame)
            return false;
        _overdrawnBy = waiter.Frame;
        _overdraftLeases++;
        Interlocked.Add(ref _held, waiter.Bytes);
        waiter.Granted.TrySetResult(_overdraft);
        return true;
    }

    private void Remove(LinkedList<Waiter> queue)
    {
        queue.RemoveFirst();
        Count(queue, -1);
    }

    private void Count(LinkedList<Waiter> queue, int change)
    {
        Interlocked.Add(ref _waiting, change);
        if (ReferenceEquals(queue, _small))
            Interlocked.Add(ref _smallWaiting, change);
    }

    private void OverdraftEnded(int bytes)
    {
        lock (_gate)
        {
            if (--_overdraftLeases == 0)
                _overdrawnBy = NoFrame;
        }

        Return(bytes);
    }

    /// <summary>Counts the leases that were granted beyond the limit.</summary>
    private sealed class OverdraftObserver(InboundBudget budget) : ILeaseObserver
    {
        public void LeaseEnded(int length) => budget.OverdraftEnded(length);
    }

    private sealed class Waiter(int bytes, long frame)
    {
        public int Bytes { get; } = bytes;

        public long Frame { get; } = frame;

        public TaskCompletionSource<ILeaseObserver> Granted { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

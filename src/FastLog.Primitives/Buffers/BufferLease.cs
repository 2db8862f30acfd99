namespace FastLog.Primitives;

/// <summary>
/// A pooled buffer that is handed over: who holds it disposes it, once. The memory is valid until then. Cleared before
/// it returns to the pool when it held client bytes. Not thread-safe.
/// </summary>
public sealed class BufferLease : IDisposable
{
    private readonly BufferPool _pool;
    private readonly ILeaseObserver? _observer;
    private readonly bool _clear;
    private byte[]? _array;

    internal BufferLease(BufferPool pool, byte[] array, int length, bool clear, ILeaseObserver? observer)
    {
        _pool = pool;
        _array = array;
        _clear = clear;
        _observer = observer;
        Length = length;
    }

    /// <summary>Bytes asked for; the pool may have given a larger array.</summary>
    public int Length { get; }

    /// <exception cref="ObjectDisposedException">The buffer was given back.</exception>
    public Memory<byte> Memory => Array.AsMemory(0, Length);

    /// <exception cref="ObjectDisposedException">The buffer was given back.</exception>
    public Span<byte> Span => Array.AsSpan(0, Length);

    private byte[] Array => _array ?? throw new ObjectDisposedException(nameof(BufferLease));

    public void Dispose()
    {
        byte[]? array = Interlocked.Exchange(ref _array, null);
        if (array is null)
            return;
        _pool.Return(array, Length, _clear);
        _observer?.LeaseEnded(Length);
    }
}

/// <summary>Is told when a buffer was given back: how a budget counts a buffer until whoever holds it is done.</summary>
public interface ILeaseObserver
{
    /// <summary>The lease of this many bytes was disposed. Once per lease, on the disposing thread; must be short.</summary>
    void LeaseEnded(int length);
}

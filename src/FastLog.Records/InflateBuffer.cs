using FastLog.Primitives;

namespace FastLog.Records;

/// <summary>
/// Pooled memory for the inflated records of one batch at a time, kept for the next one. A record that was read from
/// it is valid until the next batch is opened or the buffer is disposed. Not thread-safe.
/// </summary>
public sealed class InflateBuffer : IDisposable
{
    private readonly BufferPool _pool;
    private BufferLease? _lease;
    private int _size;

    /// <param name="pool">Where the memory comes from.</param>
    /// <param name="sizeMax">The most that the records of one batch may inflate to, in bytes.</param>
    public InflateBuffer(BufferPool pool, int sizeMax = RecordLimits.InflatedSizeDefaultMax)
    {
        ArgumentNullException.ThrowIfNull(pool);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sizeMax);
        _pool = pool;
        SizeMax = sizeMax;
    }

    public int SizeMax { get; }

    /// <summary>The inflated bytes of the batch that was opened last.</summary>
    public ReadOnlyMemory<byte> Memory => _lease is null ? default : _lease.Memory[.._size];

    internal ReadOnlySpan<byte> Span => _lease is null ? default : _lease.Span[.._size];

    /// <summary>Reads the stream to its end; its bytes are then in <see cref="Memory"/>.</summary>
    /// <param name="inflating">The inflated bytes.</param>
    /// <param name="sizeHint">A guess of the size; no more than the limit is believed.</param>
    /// <param name="limit">The most bytes that are taken.</param>
    internal BatchStatus Fill(Stream inflating, int sizeHint, int limit)
    {
        const int sizeFirst = 4096;
        _size = 0;
        Grow(Math.Min(limit, Math.Max(sizeHint, sizeFirst)));
        int size = 0;
        while (true)
        {
            if (size == _lease!.Length)
            {
                if (size >= limit)
                    return HasMore(inflating) ? BatchStatus.InflatedTooLarge : Done(size);
                _size = size;
                Grow((int)Math.Min(limit, 2L * size));
            }

            int room = Math.Min(_lease.Length, limit) - size;
            int count = room == 0 ? 0 : inflating.Read(_lease.Span.Slice(size, room));
            if (count == 0)
                return room == 0 && HasMore(inflating) ? BatchStatus.InflatedTooLarge : Done(size);
            size += count;
        }
    }

    internal void Clear() => _size = 0;

    internal BufferLease RentInput(int size) => _pool.Rent(size, clearOnReturn: true);

    public void Dispose()
    {
        _lease?.Dispose();
        _lease = null;
        _size = 0;
    }

    private static bool HasMore(Stream inflating) => inflating.ReadByte() >= 0;

    private BatchStatus Done(int size)
    {
        _size = size;
        return BatchStatus.Ok;
    }

    private void Grow(int length)
    {
        if (_lease is not null && _lease.Length >= length)
            return;
        BufferLease next = _pool.Rent(length, clearOnReturn: true);
        _lease?.Span[.._size].CopyTo(next.Span);
        _lease?.Dispose();
        _lease = next;
    }
}

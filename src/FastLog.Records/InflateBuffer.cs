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

    /// <summary>Bytes written so far.</summary>
    internal int Size => _size;

    /// <summary>Reads the stream to its end; its bytes are then in <see cref="Memory"/>.</summary>
    /// <param name="inflating">The inflated bytes.</param>
    /// <param name="sizeHint">A guess of the size; no more than the limit is believed.</param>
    /// <param name="limit">The most bytes that are taken.</param>
    internal BatchStatus Fill(Stream inflating, int sizeHint, int limit)
    {
        while (true)
        {
            Span<byte> room = Room(sizeHint, limit);
            if (room.IsEmpty)
                return inflating.ReadByte() >= 0 ? BatchStatus.InflatedTooLarge : BatchStatus.Ok;
            int count = inflating.Read(room);
            if (count == 0)
                return BatchStatus.Ok;
            Advance(count);
        }
    }

    /// <summary>
    /// The free part, where the next bytes go: of the size that is hinted at when nothing is written yet, of any size
    /// afterwards, empty at the limit alone. What was written stays, but may move.
    /// </summary>
    internal Span<byte> Room(int sizeHint, int limit)
    {
        if (_size == 0)
            Grow(Math.Min(limit, Math.Max(sizeHint, RecordLimits.InflatedSizeFirst)));
        else if (_size == _lease!.Length)
            Grow((int)Math.Min(limit, 2L * _size));
        return _lease!.Span[_size..Math.Max(_size, Math.Min(_lease.Length, limit))];
    }

    /// <summary>A free part of so many bytes; the caller has checked that the limit allows them.</summary>
    internal Span<byte> RoomFor(int size, int limit)
    {
        int needed = _size + size;
        Invariant.Check(needed <= limit);
        if (_lease is null || needed > _lease.Length)
            Grow((int)Math.Min(limit, Math.Max(needed, 2L * _size)));
        return _lease!.Span.Slice(_size, size);
    }

    /// <summary>So many bytes were written to the free part.</summary>
    internal void Advance(int count) => _size += count;

    internal void Clear() => _size = 0;

    internal BufferLease RentInput(int size) => _pool.Rent(size, clearOnReturn: true);

    public void Dispose()
    {
        _lease?.Dispose();
        _lease = null;
        _size = 0;
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

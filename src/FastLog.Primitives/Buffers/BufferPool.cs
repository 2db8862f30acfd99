using System.Buffers;

namespace FastLog.Primitives;

/// <summary>Rents byte buffers and counts what is out. Thread-safe.</summary>
/// <remarks>
/// Small ones come from the runtime's pool. That pool keeps what was ever out at once, of each size, for minutes: for large
/// ones, which peers make us rent in every size up to a frame's limit, this pool keeps a bounded number of bytes itself.
/// </remarks>
public sealed class BufferPool
{
    /// <summary>Bytes of large buffers that are kept for the next rent, all sizes together.</summary>
    public const long KeptBytesMax = 64L << 20;

    /// <summary>Buffers up to this size are the runtime's pool's.</summary>
    private const int SmallMax = 64 * 1024;

    /// <summary>Above this size nothing is kept.</summary>
    private const int LargeMax = 16 << 20;

    public static readonly BufferPool Shared = new();

    /// <summary>Sizes between one power of two and the next: a frame that is a little over one takes a quarter more, not twice as much.</summary>
    private const int Steps = 4;

    private static readonly int FirstPower = int.Log2(SmallMax);

    private readonly Lock _gate = new();
    private readonly Stack<byte[]>[] _kept = new Stack<byte[]>[ClassOf(LargeMax) + 1];
    private long _keptBytes;
    private long _rentedBytes;

    public BufferPool()
    {
        for (int i = 0; i < _kept.Length; i++)
            _kept[i] = new Stack<byte[]>();
    }

    /// <summary>Bytes rented and not given back.</summary>
    public long RentedBytes => Volatile.Read(ref _rentedBytes);

    /// <summary>Bytes of large buffers that wait for the next rent.</summary>
    public long KeptBytes => Volatile.Read(ref _keptBytes);

    /// <param name="length">At least this many bytes, 0 or more. The caller has checked it against its own limit.</param>
    /// <param name="clearOnReturn">True when bytes of clients will be in it.</param>
    /// <param name="observer">Told once when the lease is disposed.</param>
    public BufferLease Rent(int length, bool clearOnReturn = false, ILeaseObserver? observer = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Interlocked.Add(ref _rentedBytes, length);
        byte[] array = length <= SmallMax ? ArrayPool<byte>.Shared.Rent(length) : RentLarge(length);
        return new BufferLease(this, array, length, clearOnReturn, observer);
    }

    internal void Return(byte[] array, int length, bool clear)
    {
        Interlocked.Add(ref _rentedBytes, -length);
        if (clear)
            array.AsSpan(0, length).Clear();
        if (length <= SmallMax)
            ArrayPool<byte>.Shared.Return(array);
        else if (array.Length <= LargeMax)
            Keep(array);
    }

    private static int ClassOf(int length)
    {
        int power = int.Log2(length - 1);
        int step = (length - 1 - (1 << power)) / ((1 << power) / Steps);
        return ((power - FirstPower) * Steps) + step;
    }

    private static int SizeOf(int sizeClass)
    {
        int from = 1 << ((sizeClass / Steps) + FirstPower);
        return from + (((sizeClass % Steps) + 1) * (from / Steps));
    }

    private byte[] RentLarge(int length)
    {
        if (length > LargeMax)
            return GC.AllocateUninitializedArray<byte>(length);
        int sizeClass = ClassOf(length);
        lock (_gate)
        {
            if (_kept[sizeClass].TryPop(out byte[]? kept))
            {
                _keptBytes -= kept.Length;
                return kept;
            }
        }

        return GC.AllocateUninitializedArray<byte>(SizeOf(sizeClass));
    }

    /// <summary>Keeps the array; other sizes, which are not the ones in use now, give way to it.</summary>
    private void Keep(byte[] array)
    {
        int sizeClass = ClassOf(array.Length);
        lock (_gate)
        {
            for (int i = 0; i < _kept.Length && _keptBytes + array.Length > KeptBytesMax; i++)
            {
                while (i != sizeClass && _keptBytes + array.Length > KeptBytesMax && _kept[i].TryPop(out byte[]? other))
                    _keptBytes -= other.Length;
            }

            if (_keptBytes + array.Length > KeptBytesMax)
                return;
            _kept[sizeClass].Push(array);
            _keptBytes += array.Length;
        }
    }
}

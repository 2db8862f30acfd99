using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using FastLog.Primitives;

namespace FastLog.LoadGenerator;

/// <summary>
/// Values that are distinct and hardly compressible: slots of random bytes, the record's number in front. The number
/// decides the slot, so that a reader can check every byte. One producer each; not thread-safe.
/// </summary>
public sealed class PayloadSource
{
    private const int PoolBytes = 4 << 20;
    private const ulong Seed = 0x464C_4F47;
    private readonly byte[] _pool;
    private readonly int _size;
    private readonly int _slots;
    private readonly byte[][] _keys;

    /// <param name="size">Bytes of a value, 0 or more; below 8 only the number's low bytes fit.</param>
    /// <param name="keyCount">Distinct keys; 0: no key.</param>
    public PayloadSource(int size, int keyCount)
    {
        _size = size;
        _slots = Math.Max(1, PoolBytes / Math.Max(1, size));
        _pool = new byte[Math.Max(1, _slots * size)];
        new Prng(Seed).Fill(_pool);
        _keys = [.. Enumerable.Range(0, keyCount).Select(key => Encoding.ASCII.GetBytes("key-" + key.ToString(CultureInfo.InvariantCulture)))];
    }

    /// <summary>The value of a record; valid until the same slot comes again.</summary>
    public ReadOnlyMemory<byte> Value(long number)
    {
        Memory<byte> slot = _pool.AsMemory((int)((ulong)number % (ulong)_slots) * _size, _size);
        WriteNumber(slot.Span, number);
        return slot;
    }

    // An array that is null would become an empty key: a record without a key needs the nullable itself.
    public ReadOnlyMemory<byte>? Key(long number) =>
        _keys.Length == 0 ? default(ReadOnlyMemory<byte>?) : _keys[(int)((ulong)number % (ulong)_keys.Length)];

    /// <summary>The number in front of a value of at least 8 bytes.</summary>
    public static long Number(ReadOnlySpan<byte> value) => BinaryPrimitives.ReadInt64LittleEndian(value);

    /// <summary>True if the value is one that some producer of this size made.</summary>
    public bool IsValid(ReadOnlySpan<byte> value)
    {
        if (value.Length != _size)
            return false;
        if (_size <= sizeof(long))
            return true;
        int slot = (int)((ulong)Number(value) % (ulong)_slots) * _size;
        return value[sizeof(long)..].SequenceEqual(_pool.AsSpan(slot + sizeof(long), _size - sizeof(long)));
    }

    private static void WriteNumber(Span<byte> slot, long number)
    {
        if (slot.Length >= sizeof(long))
        {
            BinaryPrimitives.WriteInt64LittleEndian(slot, number);
            return;
        }

        for (int i = 0; i < slot.Length; i++)
            slot[i] = (byte)(number >> (8 * i));
    }
}

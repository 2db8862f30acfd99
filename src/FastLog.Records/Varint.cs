using System.Numerics;
using System.Runtime.CompilerServices;

namespace FastLog.Records;

/// <summary>
/// Zigzag varints: seven bits a byte, the low ones first, the high bit set on all but the last byte. Reading never
/// throws; encodings longer than needed are read, those that do not fit the type are refused.
/// </summary>
public static class Varint
{
    public const int Size32Max = 5;
    public const int Size64Max = 10;

    private const int PayloadBits = 7;
    private const uint More = 0x80;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint ZigZag(int value) => (uint)((value << 1) ^ (value >> 31));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong ZigZag(long value) => (ulong)((value << 1) ^ (value >> 63));

    /// <summary>Bytes that the value takes, 1 to 5.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int SizeOf(int value) => SizeOfUnsigned(ZigZag(value));

    /// <summary>Bytes that the value takes, 1 to 10.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int SizeOf(long value) => SizeOfUnsigned(ZigZag(value));

    /// <summary>Writes the value; the destination has room for it.</summary>
    /// <returns>Bytes written.</returns>
    public static int Write(Span<byte> destination, long value)
    {
        ulong rest = ZigZag(value);
        int at = 0;
        for (; rest >= More; rest >>= PayloadBits)
            destination[at++] = (byte)(rest | More);
        destination[at++] = (byte)rest;
        return at;
    }

    /// <summary>Reads a value at <paramref name="at"/> and moves it on; false when it is cut or does not fit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(ReadOnlySpan<byte> source, ref int at, out int value)
    {
        if ((uint)at < (uint)source.Length)
        {
            uint first = source[at];
            if (first < More)
            {
                at++;
                value = (int)(first >> 1) ^ -(int)(first & 1);
                return true;
            }
        }

        return TryReadLong(source, ref at, out value);
    }

    /// <inheritdoc cref="TryRead(ReadOnlySpan{byte}, ref int, out int)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(ReadOnlySpan<byte> source, ref int at, out long value)
    {
        if ((uint)at < (uint)source.Length)
        {
            uint first = source[at];
            if (first < More)
            {
                at++;
                value = (long)(first >> 1) ^ -(long)(first & 1);
                return true;
            }
        }

        bool read = TryReadUnsigned(source, ref at, Size64Max, out ulong raw);
        value = UnZigZag(raw);
        return read;
    }

    /// <summary>Writes at a place that the caller has checked; gives the place after it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int WriteUnchecked(ref byte start, int at, uint zigzag)
    {
        for (; zigzag >= More; zigzag >>= PayloadBits)
            Unsafe.Add(ref start, at++) = (byte)(zigzag | More);
        Unsafe.Add(ref start, at++) = (byte)zigzag;
        return at;
    }

    /// <inheritdoc cref="WriteUnchecked(ref byte, int, uint)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int WriteUnchecked(ref byte start, int at, ulong zigzag)
    {
        for (; zigzag >= More; zigzag >>= PayloadBits)
            Unsafe.Add(ref start, at++) = (byte)(zigzag | More);
        Unsafe.Add(ref start, at++) = (byte)zigzag;
        return at;
    }

    // 9/64 stands for 1/7: exact for every number of bits from 1 to 64.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int SizeOfUnsigned(uint zigzag) => ((BitOperations.Log2(zigzag | 1) * 9) + 73) >> 6;

    /// <inheritdoc cref="SizeOfUnsigned(uint)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int SizeOfUnsigned(ulong zigzag) => ((BitOperations.Log2(zigzag | 1) * 9) + 73) >> 6;

    private static bool TryReadLong(ReadOnlySpan<byte> source, ref int at, out int value)
    {
        int next = at;
        value = 0;
        if (!TryReadUnsigned(source, ref next, Size32Max, out ulong raw))
            return false;
        if (raw > uint.MaxValue)
            return false;
        at = next;
        value = (int)UnZigZag(raw);
        return true;
    }

    private static bool TryReadUnsigned(ReadOnlySpan<byte> source, ref int at, int sizeMax, out ulong raw)
    {
        raw = 0;
        int size = Math.Min(sizeMax, source.Length - at);
        for (int i = 0; i < size; i++)
        {
            ulong piece = source[at + i];
            if (i == Size64Max - 1 && piece > 1)
                return false;
            raw |= (piece & ~(ulong)More) << (i * PayloadBits);
            if (piece >= More)
                continue;
            at += i + 1;
            return true;
        }

        return false;
    }

    private static long UnZigZag(ulong raw) => (long)(raw >> 1) ^ -(long)(raw & 1);
}

using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastLog.Primitives;

/// <summary>
/// CRC-32C (Castagnoli, reflected, as in RFC 3720 B.4): initial value and final xor 0xFFFFFFFF, so that the CRC of
/// "123456789" is 0xE3069283. Thread-safe.
/// </summary>
/// <remarks>
/// The machine's instruction takes three cycles but can begin one each cycle. So long inputs are worked on in three
/// lanes at once; a CRC is linear, and the lanes are joined by carrying a lane's state over as many zero bytes as the
/// next lane is long, which is a table lookup. Without the instruction the same steps run in software.
/// </remarks>
public static class Crc32C
{
    private const int Lanes = 3;
    private const int LongLane = 2048;
    private const int ShortLane = 128;
    private const int ByteValues = 256;
    private const int BitsPerByte = 8;

    private static readonly uint[] OverLongLane = ZerosTable(LongLane);
    private static readonly uint[] OverShortLane = ZerosTable(ShortLane);

    /// <summary>The CRC of the bytes.</summary>
    public static uint Compute(ReadOnlySpan<byte> bytes) => Append(0, bytes);

    /// <summary>The CRC of a text whose first part has the CRC <paramref name="crc"/> (0 for an empty one).</summary>
    // Optimized from the first call: the unoptimized loop is ten times slower, and ran for thousands of large batches
    // before the runtime replaced it.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        uint state = ~crc;
        ref byte start = ref MemoryMarshal.GetReference(bytes);
        int at = 0;
        for (; bytes.Length - at >= Lanes * LongLane; at += Lanes * LongLane)
            state = AppendLanes(state, ref Unsafe.Add(ref start, at), LongLane, OverLongLane);
        for (; bytes.Length - at >= Lanes * ShortLane; at += Lanes * ShortLane)
            state = AppendLanes(state, ref Unsafe.Add(ref start, at), ShortLane, OverShortLane);
        for (; bytes.Length - at >= sizeof(ulong); at += sizeof(ulong))
            state = BitOperations.Crc32C(state, Word(ref start, at));
        for (; at < bytes.Length; at++)
            state = BitOperations.Crc32C(state, Unsafe.Add(ref start, at));
        return ~state;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint AppendLanes(uint state, ref byte start, int lane, uint[] overLane)
    {
        uint first = state;
        uint second = 0;
        uint third = 0;
        for (int at = 0; at < lane; at += sizeof(ulong))
        {
            first = BitOperations.Crc32C(first, Word(ref start, at));
            second = BitOperations.Crc32C(second, Word(ref start, at + lane));
            third = BitOperations.Crc32C(third, Word(ref start, at + (2 * lane)));
        }

        return Carry(overLane, Carry(overLane, first) ^ second) ^ third;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Word(ref byte start, int at) => Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref start, at));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Carry(uint[] table, uint state) =>
        table[(byte)state]
        ^ table[ByteValues + (byte)(state >> BitsPerByte)]
        ^ table[(2 * ByteValues) + (byte)(state >> (2 * BitsPerByte))]
        ^ table[(3 * ByteValues) + (int)(state >> (3 * BitsPerByte))];

    // What each byte of a state becomes after so many zero bytes: the state is the xor of its four bytes' shares.
    private static uint[] ZerosTable(int zeros)
    {
        var table = new uint[sizeof(uint) * ByteValues];
        for (int bit = 0; bit < sizeof(uint) * BitsPerByte; bit++)
        {
            uint state = 1u << bit;
            for (int done = 0; done < zeros; done += sizeof(ulong))
                state = BitOperations.Crc32C(state, 0UL);
            int row = bit / BitsPerByte * ByteValues;
            int power = 1 << (bit % BitsPerByte);
            for (int value = 0; value < power; value++)
                table[row + power + value] = table[row + value] ^ state;
        }

        return table;
    }
}

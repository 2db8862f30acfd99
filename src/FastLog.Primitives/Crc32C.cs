using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastLog.Primitives;

/// <summary>
/// CRC-32C (Castagnoli, reflected, as in RFC 3720 B.4): initial value and final xor 0xFFFFFFFF, so that the CRC of
/// "123456789" is 0xE3069283.
/// </summary>
public static class Crc32C
{
    /// <summary>The CRC of the bytes.</summary>
    public static uint Compute(ReadOnlySpan<byte> bytes) => Append(0, bytes);

    /// <summary>The CRC of a text whose first part has the CRC <paramref name="crc"/> (0 for an empty one).</summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        uint state = ~crc;
        ref byte start = ref MemoryMarshal.GetReference(bytes);
        int at = 0;
        for (; at <= bytes.Length - sizeof(ulong); at += sizeof(ulong))
            state = BitOperations.Crc32C(state, Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref start, at)));
        for (; at < bytes.Length; at++)
            state = BitOperations.Crc32C(state, Unsafe.Add(ref start, at));
        return ~state;
    }
}

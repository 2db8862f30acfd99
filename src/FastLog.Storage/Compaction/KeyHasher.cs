using System.Buffers.Binary;
using System.Numerics;
using FastLog.Primitives;

namespace FastLog.Storage.Compaction;

/// <summary>A record key's hash: two different keys have the same one with a probability of 2^-128.</summary>
internal readonly record struct KeyHash(ulong High, ulong Low);

/// <summary>
/// SipHash-2-4 with 128 bits of output and a secret drawn anew for each pass: who chooses keys cannot choose collisions.
/// Thread-safe.
/// </summary>
internal readonly struct KeyHasher
{
    private readonly ulong _k0;
    private readonly ulong _k1;

    public KeyHasher(ulong k0, ulong k1)
    {
        _k0 = k0;
        _k1 = k1;
    }

    public static KeyHasher Draw(IEntropy entropy) => new(entropy.NextUInt64(), entropy.NextUInt64());

    public KeyHash Hash(ReadOnlySpan<byte> key)
    {
        ulong v0 = 0x736f6d6570736575 ^ _k0;
        ulong v1 = 0x646f72616e646f6d ^ _k1 ^ 0xee;
        ulong v2 = 0x6c7967656e657261 ^ _k0;
        ulong v3 = 0x7465646279746573 ^ _k1;
        ulong last = (ulong)key.Length << 56;
        while (key.Length >= sizeof(ulong))
        {
            ulong word = BinaryPrimitives.ReadUInt64LittleEndian(key);
            v3 ^= word;
            Round(ref v0, ref v1, ref v2, ref v3);
            Round(ref v0, ref v1, ref v2, ref v3);
            v0 ^= word;
            key = key[sizeof(ulong)..];
        }

        for (int i = 0; i < key.Length; i++)
            last |= (ulong)key[i] << (8 * i);
        v3 ^= last;
        Round(ref v0, ref v1, ref v2, ref v3);
        Round(ref v0, ref v1, ref v2, ref v3);
        v0 ^= last;
        v2 ^= 0xee;
        ulong first = Finish(ref v0, ref v1, ref v2, ref v3);
        v1 ^= 0xdd;
        return new KeyHash(first, Finish(ref v0, ref v1, ref v2, ref v3));
    }

    private static ulong Finish(ref ulong v0, ref ulong v1, ref ulong v2, ref ulong v3)
    {
        for (int i = 0; i < 4; i++)
            Round(ref v0, ref v1, ref v2, ref v3);
        return v0 ^ v1 ^ v2 ^ v3;
    }

    private static void Round(ref ulong v0, ref ulong v1, ref ulong v2, ref ulong v3)
    {
        v0 += v1;
        v1 = BitOperations.RotateLeft(v1, 13) ^ v0;
        v0 = BitOperations.RotateLeft(v0, 32);
        v2 += v3;
        v3 = BitOperations.RotateLeft(v3, 16) ^ v2;
        v0 += v3;
        v3 = BitOperations.RotateLeft(v3, 21) ^ v0;
        v2 += v1;
        v1 = BitOperations.RotateLeft(v1, 17) ^ v2;
        v2 = BitOperations.RotateLeft(v2, 32);
    }
}

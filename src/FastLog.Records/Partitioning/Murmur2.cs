using System.Buffers.Binary;

namespace FastLog.Records.Partitioning;

/// <summary>The 32-bit MurmurHash2 (A. Appleby, public domain) with the seed that Kafka's clients use.</summary>
public static class Murmur2
{
    private const uint Seed = 0x9747b28c;
    private const uint Multiplier = 0x5bd1e995;
    private const int Shift = 24;

    public static int Hash(ReadOnlySpan<byte> bytes)
    {
        uint hash = Seed ^ (uint)bytes.Length;
        while (bytes.Length >= sizeof(uint))
        {
            uint word = BinaryPrimitives.ReadUInt32LittleEndian(bytes) * Multiplier;
            hash = (hash * Multiplier) ^ ((word ^ (word >> Shift)) * Multiplier);
            bytes = bytes[sizeof(uint)..];
        }

        if (!bytes.IsEmpty)
        {
            for (int i = 0; i < bytes.Length; i++)
                hash ^= (uint)bytes[i] << (8 * i);
            hash *= Multiplier;
        }

        hash = (hash ^ (hash >> 13)) * Multiplier;
        return (int)(hash ^ (hash >> 15));
    }
}

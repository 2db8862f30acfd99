using System.Buffers.Binary;
using FastLog.Primitives;

namespace FastLog.Torture;

/// <summary>Record values that carry a unique number and whose every other byte follows from it: a torn one is seen.</summary>
public static class StormValue
{
    private const int SizeMin = sizeof(ulong);
    private const int PaddingMax = 400;
    private const int ProducerShift = 40;

    /// <summary>The number of a producer's n-th value; producers up to 2^23, values up to 2^40 each.</summary>
    public static ulong Number(int producer, long n) => ((ulong)producer << ProducerShift) | (ulong)n;

    /// <summary>The value of a number; lengths vary from 8 to 407 bytes.</summary>
    public static byte[] Create(ulong number)
    {
        var prng = new Prng(number);
        byte[] value = new byte[SizeMin + (int)prng.Next(PaddingMax)];
        BinaryPrimitives.WriteUInt64BigEndian(value, number);
        prng.Fill(value.AsSpan(SizeMin));
        return value;
    }

    /// <summary>Reads the number back; false when any byte is not what it must be.</summary>
    public static bool TryRead(ReadOnlySpan<byte> value, out ulong number)
    {
        number = 0;
        if (value.Length < SizeMin)
            return false;
        number = BinaryPrimitives.ReadUInt64BigEndian(value);
        return value.SequenceEqual(Create(number));
    }
}

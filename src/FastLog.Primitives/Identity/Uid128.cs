using System.Buffers.Binary;
using System.Globalization;

namespace FastLog.Primitives;

/// <summary>
/// A 128-bit identity as 16 big-endian bytes; shown as 32 lower-case hexadecimal digits. All zero means "none".
/// </summary>
public readonly record struct Uid128(ulong High, ulong Low) : IComparable<Uid128>
{
    public const int Size = 2 * sizeof(ulong);

    public static readonly Uid128 None;

    public bool IsNone => (High | Low) == 0;

    /// <summary>A new random identity; never <see cref="None"/>.</summary>
    public static Uid128 NewRandom(IEntropy entropy)
    {
        ArgumentNullException.ThrowIfNull(entropy);
        Span<byte> bytes = stackalloc byte[Size];
        Uid128 id;
        do
        {
            entropy.Fill(bytes);
            id = Read(bytes);
        }
        while (id.IsNone);
        return id;
    }

    /// <param name="source">At least <see cref="Size"/> bytes; the first 16 are read.</param>
    public static Uid128 Read(ReadOnlySpan<byte> source) => new(
        BinaryPrimitives.ReadUInt64BigEndian(source),
        BinaryPrimitives.ReadUInt64BigEndian(source[sizeof(ulong)..]));

    /// <param name="destination">At least <see cref="Size"/> bytes; the first 16 are written.</param>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, High);
        BinaryPrimitives.WriteUInt64BigEndian(destination[sizeof(ulong)..], Low);
    }

    public static bool TryParse(ReadOnlySpan<char> text, out Uid128 id)
    {
        id = None;
        if (text.Length != 2 * Size)
            return false;
        if (!ulong.TryParse(text[..Size], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong high))
            return false;
        if (!ulong.TryParse(text[Size..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong low))
            return false;
        id = new Uid128(high, low);
        return true;
    }

    public int CompareTo(Uid128 other)
    {
        int high = High.CompareTo(other.High);
        return high != 0 ? high : Low.CompareTo(other.Low);
    }

    public static bool operator <(Uid128 left, Uid128 right) => left.CompareTo(right) < 0;

    public static bool operator >(Uid128 left, Uid128 right) => left.CompareTo(right) > 0;

    public static bool operator <=(Uid128 left, Uid128 right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Uid128 left, Uid128 right) => left.CompareTo(right) >= 0;

    public override string ToString() => $"{High:x16}{Low:x16}";
}

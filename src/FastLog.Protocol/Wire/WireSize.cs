using System.Text;
using FastLog.Primitives;

namespace FastLog.Protocol.Wire;

/// <summary>Sizes of encoded fields, in bytes.</summary>
internal static class WireSize
{
    public const int Bool = sizeof(byte);
    public const int Enum = sizeof(byte);
    public const int Count = sizeof(uint);
    public const int ErrorCode = sizeof(ushort);
    public const int EmptyString = sizeof(ushort);
    public const int Uid = Uid128.Size;
    public const int Partition = sizeof(int);
    public const int TopicPartition = Uid + Partition;
    public const int Offset = sizeof(long);
    public const int LeaderEpoch = sizeof(int);
    public const int Node = sizeof(int);
    public const int Generation = sizeof(int);
    public const int Timestamp = sizeof(long);

    public static int String(string? value) => EmptyString + OfText(value);

    public static int ErrorMessage(string? value) => EmptyString + Encoding.UTF8.GetByteCount(CutErrorMessage(value));

    public static int Strings(IReadOnlyList<string> values)
    {
        int size = Count;
        for (int i = 0; i < values.Count; i++)
            size += String(values[i]);
        return size;
    }

    /// <exception cref="ArgumentException">Longer than <see cref="MessageLimits.StringSizeMax"/>.</exception>
    public static int OfText(string? value)
    {
        int size = value is null ? 0 : Encoding.UTF8.GetByteCount(value);
        if (size > MessageLimits.StringSizeMax)
            throw new ArgumentException($"text of {size} bytes; at most {MessageLimits.StringSizeMax} fit a string",
                nameof(value));
        return size;
    }

    public static ReadOnlySpan<char> CutErrorMessage(string? value)
    {
        ReadOnlySpan<char> text = value;
        if (text.Length <= MessageLimits.ErrorMessageSizeMax / 3)
            return text;
        int size = 0;
        int kept = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            size += rune.Utf8SequenceLength;
            if (size > MessageLimits.ErrorMessageSizeMax)
                break;
            kept += rune.Utf16SequenceLength;
        }

        return text[..kept];
    }
}

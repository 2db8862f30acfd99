using System.Globalization;

namespace FastLog.Primitives;

/// <summary>Sizes as people write them: <c>64KiB</c>, <c>1MiB</c>, <c>500MB</c>, <c>1048576</c>.</summary>
public static class SizeText
{
    /// <summary>What is accepted, for messages.</summary>
    public const string Forms = "a number of bytes, or with a unit: KiB MiB GiB TiB kB MB GB TB";

    private static readonly (string Unit, long Factor)[] Units =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40),
        ("kB", 1_000), ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000), ("B", 1),
    ];

    /// <summary>Reads a size in bytes, 0 or more; false when the text is none or the size does not fit 63 bits.</summary>
    public static bool TryParse(string? text, out long bytes)
    {
        bytes = 0;
        string trimmed = (text ?? "").Trim();
        long factor = 1;
        foreach ((string unit, long size) in Units)
        {
            if (!trimmed.EndsWith(unit, StringComparison.Ordinal))
                continue;
            factor = size;
            trimmed = trimmed[..^unit.Length].TrimEnd();
            break;
        }

        return NumberText.TryScale(trimmed, factor, out bytes);
    }

    /// <summary>The size with the largest binary unit that divides it: <c>64MiB</c>, <c>1500</c>.</summary>
    public static string Format(long bytes)
    {
        for (int i = 3; i >= 0; i--)
        {
            if (bytes != 0 && bytes % Units[i].Factor == 0)
                return (bytes / Units[i].Factor).ToString(CultureInfo.InvariantCulture) + Units[i].Unit;
        }

        return bytes.ToString(CultureInfo.InvariantCulture);
    }
}

using System.Globalization;
using FastLog.Primitives;

namespace FastLog.Storage.Segments;

/// <summary>The names of a segment's files: its base offset in 20 digits, then what it is.</summary>
internal static class SegmentName
{
    public const string DataSuffix = ".log";
    public const string OffsetIndexSuffix = ".index";
    public const string TimeIndexSuffix = ".timeindex";

    /// <summary>A compacted segment that is being written; without a meaning after a crash.</summary>
    public const string CleanedSuffix = ".cleaned";

    /// <summary>A whole compacted segment that is about to take the place of those whose offsets it spans.</summary>
    public const string SwapSuffix = ".swap";

    /// <summary>A damaged segment of that kind, set aside.</summary>
    public const string SetAsideSuffix = ".damaged";

    private const int Digits = 20;

    public static string Data(string directory, LogOffset baseOffset) => Of(directory, baseOffset, DataSuffix);

    public static string OffsetIndex(string directory, LogOffset baseOffset) => Of(directory, baseOffset, OffsetIndexSuffix);

    public static string TimeIndex(string directory, LogOffset baseOffset) => Of(directory, baseOffset, TimeIndexSuffix);

    public static string Cleaned(string directory, LogOffset baseOffset) => Of(directory, baseOffset, CleanedSuffix);

    public static string Swap(string directory, LogOffset baseOffset) => Of(directory, baseOffset, SwapSuffix);

    public static string SetAside(string directory, LogOffset baseOffset) => Of(directory, baseOffset, SetAsideSuffix);

    /// <summary>The base offset of a file name with the suffix; false for any other name.</summary>
    public static bool TryParse(string fileName, string suffix, out LogOffset baseOffset)
    {
        baseOffset = LogOffset.None;
        if (fileName.Length != Digits + suffix.Length)
            return false;
        if (!fileName.EndsWith(suffix, StringComparison.Ordinal))
            return false;
        ReadOnlySpan<char> digits = fileName.AsSpan(0, Digits);
        if (!long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long value))
            return false;
        baseOffset = new LogOffset(value);
        return true;
    }

    private static string Of(string directory, LogOffset baseOffset, string suffix) =>
        string.Create(CultureInfo.InvariantCulture, $"{directory}/{baseOffset.Value:D20}{suffix}");
}

using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using FastLog.Client;
using FastLog.Primitives;

namespace FastLog.Cli.CommandLine;

/// <summary>Places in a log as people write them: earliest, latest, a number, @TIME.</summary>
internal static class StartPositionText
{
    public const string Forms = "earliest, latest, an offset, or @TIME (ISO 8601, epoch milliseconds, or relative as in @-1h)";

    /// <exception cref="CliException">The text is none of the forms.</exception>
    public static StartPosition Parse(string option, string text, bool allowOffset)
    {
        if (text == "earliest")
            return StartPosition.Earliest;
        if (text == "latest")
            return StartPosition.Latest;
        if (text.StartsWith('@') && TryTime(text[1..], out Timestamp time))
            return StartPosition.At(time);
        if (allowOffset && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long offset))
            return StartPosition.At(new LogOffset(offset));
        string forms = allowOffset ? Forms : "earliest, latest, or @TIME (ISO 8601, epoch milliseconds, or relative as in @-1h)";
        throw CliException.Usage($"{option} '{text}' is not allowed: {forms}");
    }

    [SuppressMessage("Globalization", "CA1305", Justification = "the culture is given")]
    private static bool TryTime(string text, out Timestamp time)
    {
        time = Timestamp.None;
        if (text.StartsWith('-') && DurationText.TryParse(text[1..], null, out TimeSpan ago))
        {
            time = new Timestamp(SystemClock.Instance.WallNow.UnixMilliseconds - (long)ago.TotalMilliseconds);
            return true;
        }

        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long milliseconds))
        {
            time = new Timestamp(milliseconds);
            return true;
        }

        const DateTimeStyles styles = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        bool isDate = text.Length >= 8 && char.IsAsciiDigit(text[0]);
        if (!isDate || !DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, styles, out DateTimeOffset date))
            return false;
        time = new Timestamp(date.ToUnixTimeMilliseconds());
        return true;
    }
}

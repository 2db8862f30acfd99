namespace FastLog.Primitives;

/// <summary>Durations as people write them: <c>250ms</c>, <c>5s</c>, <c>7d</c>.</summary>
public static class DurationText
{
    /// <summary>What is accepted, for messages.</summary>
    public const string Forms = "a number with a unit: us ms s m h d";

    // Longest unit first where one ends with another.
    private static readonly (string Unit, long Ticks)[] Units =
    [
        ("ms", TimeSpan.TicksPerMillisecond), ("us", TimeSpan.TicksPerMicrosecond), ("s", TimeSpan.TicksPerSecond),
        ("m", TimeSpan.TicksPerMinute), ("h", TimeSpan.TicksPerHour), ("d", TimeSpan.TicksPerDay),
    ];

    /// <summary>
    /// Reads a duration, 0 or more. A plain number is in <paramref name="plainUnit"/>, or refused when that is null.
    /// </summary>
    public static bool TryParse(string? text, TimeSpan? plainUnit, out TimeSpan duration)
    {
        duration = default;
        string trimmed = (text ?? "").Trim();
        long factor = plainUnit?.Ticks ?? 0;
        foreach ((string unit, long ticks) in Units)
        {
            if (!trimmed.EndsWith(unit, StringComparison.Ordinal))
                continue;
            factor = ticks;
            trimmed = trimmed[..^unit.Length].TrimEnd();
            break;
        }

        if (factor == 0 || !NumberText.TryScale(trimmed, factor, out long total))
            return false;
        duration = new TimeSpan(total);
        return true;
    }
}

using FastLog.Primitives;

namespace FastLog.Client;

/// <summary>The kinds of <see cref="StartPosition"/>.</summary>
public enum StartKind
{
    Earliest = 0,
    Latest,
    Offset,
    Time,
}

/// <summary>
/// A place in a partition: its first readable record, its end, an offset, or the first record at or after a time.
/// </summary>
public readonly record struct StartPosition
{
    private StartPosition(StartKind kind, LogOffset offset, Timestamp time)
    {
        Kind = kind;
        Offset = offset;
        Time = time;
    }

    public static StartPosition Earliest { get; } = new(StartKind.Earliest, LogOffset.None, Timestamp.None);

    public static StartPosition Latest { get; } = new(StartKind.Latest, LogOffset.None, Timestamp.None);

    public StartKind Kind { get; }

    /// <summary>With <see cref="StartKind.Offset"/>, else none.</summary>
    public LogOffset Offset { get; }

    /// <summary>With <see cref="StartKind.Time"/>, else none.</summary>
    public Timestamp Time { get; }

    /// <param name="offset">0 or more.</param>
    public static StartPosition At(LogOffset offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset.Value, nameof(offset));
        return new StartPosition(StartKind.Offset, offset, Timestamp.None);
    }

    /// <summary>The first record whose timestamp is at or after this; the end when there is none.</summary>
    public static StartPosition At(Timestamp time) => new(StartKind.Time, LogOffset.None, time);

    public override string ToString() => Kind switch
    {
        StartKind.Offset => Offset.ToString(),
        StartKind.Time => $"@{Time}",
        StartKind.Latest => "latest",
        _ => "earliest",
    };
}

namespace FastLog.Primitives;

/// <summary>The logical sequence number of a record in one partition log, from 0 upwards and dense.</summary>
/// <param name="Value">The number; negative only in <see cref="None"/>.</param>
public readonly record struct LogOffset(long Value) : IComparable<LogOffset>
{
    /// <summary>No offset: "nothing read yet", "not known".</summary>
    public static readonly LogOffset None = new(-1);

    public static readonly LogOffset Zero = new(0);

    public bool IsNone => Value < 0;

    /// <exception cref="OverflowException">The sum does not fit 63 bits.</exception>
    public LogOffset Plus(long count) => new(checked(Value + count));

    public LogOffset Next() => Plus(1);

    /// <summary>How many offsets lie in <c>[other, this)</c>; negative when <paramref name="other"/> is larger.</summary>
    public long Since(LogOffset other) => checked(Value - other.Value);

    public static LogOffset Min(LogOffset left, LogOffset right) => left.Value <= right.Value ? left : right;

    public static LogOffset Max(LogOffset left, LogOffset right) => left.Value >= right.Value ? left : right;

    public int CompareTo(LogOffset other) => Value.CompareTo(other.Value);

    public static bool operator <(LogOffset left, LogOffset right) => left.Value < right.Value;

    public static bool operator >(LogOffset left, LogOffset right) => left.Value > right.Value;

    public static bool operator <=(LogOffset left, LogOffset right) => left.Value <= right.Value;

    public static bool operator >=(LogOffset left, LogOffset right) => left.Value >= right.Value;

    public override string ToString() => Value.ToString();
}

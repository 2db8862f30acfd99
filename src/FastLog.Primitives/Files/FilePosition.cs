namespace FastLog.Primitives;

/// <summary>A byte's place in a file, from 0.</summary>
public readonly record struct FilePosition(long Value) : IComparable<FilePosition>
{
    public static readonly FilePosition Zero = new(0);

    public FilePosition Plus(long bytes) => new(checked(Value + bytes));

    /// <summary>How many bytes lie in <c>[other, this)</c>.</summary>
    public long Since(FilePosition other) => checked(Value - other.Value);

    public int CompareTo(FilePosition other) => Value.CompareTo(other.Value);

    public static bool operator <(FilePosition left, FilePosition right) => left.Value < right.Value;

    public static bool operator >(FilePosition left, FilePosition right) => left.Value > right.Value;

    public static bool operator <=(FilePosition left, FilePosition right) => left.Value <= right.Value;

    public static bool operator >=(FilePosition left, FilePosition right) => left.Value >= right.Value;

    public override string ToString() => Value.ToString();
}

namespace FastLog.Primitives;

/// <summary>A topic's 128-bit identity; a topic deleted and made again under the same name has another one.</summary>
public readonly record struct TopicId(Uid128 Value) : IComparable<TopicId>
{
    public static readonly TopicId None;

    public bool IsNone => Value.IsNone;

    public int CompareTo(TopicId other) => Value.CompareTo(other.Value);

    public static bool operator <(TopicId left, TopicId right) => left.Value < right.Value;

    public static bool operator >(TopicId left, TopicId right) => left.Value > right.Value;

    public static bool operator <=(TopicId left, TopicId right) => left.Value <= right.Value;

    public static bool operator >=(TopicId left, TopicId right) => left.Value >= right.Value;

    public override string ToString() => Value.ToString();
}

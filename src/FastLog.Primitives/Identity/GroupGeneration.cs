namespace FastLog.Primitives;

/// <summary>Counts the rebalances of a consumer group.</summary>
/// <param name="Value">The number; negative only in <see cref="None"/>.</param>
public readonly record struct GroupGeneration(int Value)
{
    /// <summary>No membership: a consumer that runs alone, a group that nobody has joined.</summary>
    public static readonly GroupGeneration None = new(-1);

    public bool IsNone => Value < 0;

    public override string ToString() => Value.ToString();
}

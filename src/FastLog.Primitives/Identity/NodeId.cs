namespace FastLog.Primitives;

/// <summary>The number of a broker in its cluster, from 1; 0 and below mean "none".</summary>
public readonly record struct NodeId(int Value)
{
    public static readonly NodeId None = new(-1);

    public override string ToString() => Value.ToString();
}

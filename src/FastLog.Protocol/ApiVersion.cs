namespace FastLog.Protocol;

/// <summary>The layout revision of one message, from 1.</summary>
public readonly record struct ApiVersion(ushort Value)
{
    public static readonly ApiVersion One = new(1);

    public override string ToString() => Value.ToString();
}

/// <summary>The versions of one message that a side knows, both ends inclusive.</summary>
public readonly record struct ApiRange(ApiKey Key, ApiVersion First, ApiVersion Last)
{
    public bool Contains(ApiVersion version) => version.Value >= First.Value && version.Value <= Last.Value;
}

namespace FastLog.Protocol;

/// <summary>
/// Chosen by the requester, repeated in the response; unique among the requests in flight of a connection.
/// </summary>
public readonly record struct CorrelationId(ulong Value)
{
    /// <summary>In an error frame that answers no readable request.</summary>
    public static readonly CorrelationId None;

    public override string ToString() => Value.ToString();
}

namespace FastLog.Transport;

/// <summary>The settings of a <see cref="RequestConnection"/>; shared by many.</summary>
public sealed record RequestConnectionOptions
{
    /// <summary>Requests that wait for their response at once, 1 to 4,096.</summary>
    public int InFlightMax { get; init; } = TransportLimits.RequestsInFlight;

    /// <summary>The connection below; by default with no hello deadline and no idle limit, which are the server's to set.</summary>
    public FrameConnectionOptions Frames { get; init; } = new()
    {
        HelloDeadline = Timeout.InfiniteTimeSpan,
        IdleLimit = Timeout.InfiniteTimeSpan,
    };

    /// <summary>Gets frames that answer nothing (kind Push), handed over, on the receive loop; null drops them.</summary>
    public Action<InboundFrame>? OnPush { get; init; }
}

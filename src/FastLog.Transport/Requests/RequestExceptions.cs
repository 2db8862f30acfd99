namespace FastLog.Transport;

/// <summary>The connection closed before the answer came.</summary>
public sealed class ConnectionClosedException(CloseReason reason) : IOException($"the connection is closed: {reason.Details}")
{
    public CloseReason Reason { get; } = reason;
}

/// <summary>No answer came in the time given.</summary>
public sealed class RequestTimeoutException(TimeSpan patience)
    : TimeoutException($"no response within {patience.TotalMilliseconds:0} ms");

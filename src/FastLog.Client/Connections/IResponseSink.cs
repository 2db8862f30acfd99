using FastLog.Transport;

namespace FastLog.Client;

/// <summary>
/// Takes the one outcome of a request. Called on the connection's receive loop or by a timer: must be short.
/// </summary>
internal interface IResponseSink
{
    /// <summary>A response or an error frame; handed over.</summary>
    void OnAnswer(InboundFrame frame);

    /// <summary>There will be no answer; whether the request took effect is not known.</summary>
    void OnLost(RequestLoss loss);
}

/// <summary>Why there is no answer.</summary>
/// <param name="IsTimeout">The time was over; else the connection ended.</param>
internal readonly record struct RequestLoss(bool IsTimeout, string Details);

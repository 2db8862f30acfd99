using FastLog.Protocol;

namespace FastLog.Client;

/// <summary>The connection ended while a request was under way, or just before. A retry uses another one.</summary>
internal sealed class ConnectionLostException : FastLogException
{
    public ConnectionLostException(string message, string broker)
        : base(ErrorCode.None, message)
    {
        Broker = broker;
        IsRetriable = true;
    }
}

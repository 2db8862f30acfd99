namespace FastLog.Client;

/// <summary>Receives what the client has to tell. Any thread; must be short and must not throw.</summary>
public delegate void ClientLog(ClientLogLevel level, string message, Exception? cause);

/// <summary>How much a line of <see cref="ClientLog"/> matters.</summary>
public enum ClientLogLevel
{
    Debug = 0,
    Information,
    Warning,
    Error,
}

namespace FastLog.Transport.Network;

/// <summary>A connection could not be made, or broke.</summary>
public sealed class NetworkException(string message, Exception? inner = null) : IOException(message, inner);

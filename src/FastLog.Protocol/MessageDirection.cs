namespace FastLog.Protocol;

/// <summary>Who may send the request.</summary>
public enum MessageDirection
{
    ClientToBroker = 0,
}

namespace FastLog.Protocol.Messages;

/// <summary>Asks for all topics.</summary>
/// <param name="IncludeInternal">Also those that the cluster keeps for itself.</param>
public sealed partial record ListTopicsRequest(bool IncludeInternal);

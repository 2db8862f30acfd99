namespace FastLog.Hosting.Configuration;

/// <summary>A setting is unknown or out of its range: which, from where, and what is allowed.</summary>
public sealed class ConfigException(string message) : Exception(message);

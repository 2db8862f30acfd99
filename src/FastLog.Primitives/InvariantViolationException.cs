namespace FastLog.Primitives;

/// <summary>A bug of our own: a state that must not exist was seen.</summary>
public sealed class InvariantViolationException(string message) : Exception(message);

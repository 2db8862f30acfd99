namespace FastLog.Broker;

/// <summary>A broker's option has a value that is not allowed.</summary>
public sealed class BrokerOptionsException(string name, string value, string allowed)
    : ArgumentException($"the broker option {name} is '{value}'; allowed: {allowed}")
{
    public string Name { get; } = name;

    public string Value { get; } = value;

    public string Allowed { get; } = allowed;
}

namespace FastLog.Protocol.Messages;

/// <summary>One topic setting as text: <c>retention.ms</c> = <c>604800000</c>.</summary>
public readonly record struct ConfigEntry(string Key, string Value);

/// <summary>Where a setting's value comes from.</summary>
public enum ConfigSource
{
    /// <summary>Built in.</summary>
    Default = 0,

    /// <summary>The broker's configuration.</summary>
    Broker = 1,

    /// <summary>Set on the topic.</summary>
    Topic = 2,
}

/// <summary>One effective topic setting.</summary>
public readonly record struct ConfigValue(string Key, string Value, ConfigSource Source);

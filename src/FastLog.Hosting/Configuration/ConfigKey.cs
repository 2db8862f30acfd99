namespace FastLog.Hosting.Configuration;

/// <summary>One documented setting of a broker: name, form, default and what it does.</summary>
/// <param name="Name">section.key, lower camel case.</param>
/// <param name="Kind">How the value is written.</param>
/// <param name="Default">The value when nothing sets it, as written.</param>
/// <param name="Range">The allowed values in words, for messages and help.</param>
/// <param name="Description">What it does, one sentence.</param>
/// <param name="Min">Smallest number, size in bytes or duration in milliseconds.</param>
/// <param name="Max">Largest.</param>
public sealed record ConfigKey(
    string Name, ConfigKind Kind, string Default, string Range, string Description, long Min = 0, long Max = long.MaxValue);

/// <summary>How a setting's value is written.</summary>
public enum ConfigKind
{
    Text,
    Number,
    Size,
    Duration,
    Switch,
    Address,

    /// <summary>An address, or nothing.</summary>
    OptionalAddress,
}

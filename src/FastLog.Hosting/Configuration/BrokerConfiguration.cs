using System.Collections;
using System.Globalization;
using System.Net;
using System.Text.Json;
using FastLog.Primitives;

namespace FastLog.Hosting.Configuration;

/// <summary>
/// The settings in force, from weakest to strongest: defaults, the JSON file, environment variables
/// <c>FASTLOG__SECTION__KEY</c>, <c>--set section.key=value</c>. All are checked when it is built. Immutable afterwards.
/// </summary>
public sealed class BrokerConfiguration
{
    public const string EnvironmentPrefix = "FASTLOG__";

    private readonly Dictionary<string, (string Value, string Origin)> _values;

    private BrokerConfiguration(Dictionary<string, (string Value, string Origin)> values) => _values = values;

    /// <param name="file">A JSON file with comments allowed, or null.</param>
    /// <param name="environment">Variables; those without the prefix are passed over.</param>
    /// <param name="sets"><c>section.key=value</c>, in order; the last one of a key wins.</param>
    /// <exception cref="ConfigException">A key is unknown, a value is out of its range, or the file is not readable.</exception>
    public static BrokerConfiguration Load(string? file, IDictionary environment, IEnumerable<string> sets)
    {
        ArgumentNullException.ThrowIfNull(environment);
        ArgumentNullException.ThrowIfNull(sets);
        var values = new Dictionary<string, (string, string)>(StringComparer.Ordinal);
        foreach (ConfigKey key in ConfigSchema.Keys)
            values[key.Name] = (key.Default, "default");
        if (file is not null)
            AddFile(values, file);
        AddEnvironment(values, environment);
        foreach (string set in sets)
            AddSet(values, set);
        return new BrokerConfiguration(values);
    }

    public string Text(ConfigKey key) => _values[Name(key)].Value;

    /// <summary>Where the value in force comes from: default, the file, a variable, or --set.</summary>
    public string Origin(ConfigKey key) => _values[Name(key)].Origin;

    public long Number(ConfigKey key) => long.Parse(Text(key), CultureInfo.InvariantCulture);

    public bool Switch(ConfigKey key) => bool.Parse(Text(key));

    /// <summary>A size in bytes.</summary>
    public long Size(ConfigKey key)
    {
        Invariant.Check(SizeText.TryParse(Text(key), out long bytes));
        return bytes;
    }

    public TimeSpan Duration(ConfigKey key)
    {
        Invariant.Check(DurationText.TryParse(Text(key), TimeSpan.FromMilliseconds(1), out TimeSpan duration));
        return duration;
    }

    public EndPoint Address(ConfigKey key)
    {
        Invariant.Check(AddressText.TryParse(Text(key), out EndPoint? address));
        return address;
    }

    /// <summary>Null when nothing is set.</summary>
    public EndPoint? OptionalAddress(ConfigKey key) => Text(key).Length == 0 ? null : Address(key);

    private static string Name(ConfigKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return key.Name;
    }

    private static void AddFile(Dictionary<string, (string, string)> values, string file)
    {
        JsonDocument document;
        try
        {
            var options = new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };
            document = JsonDocument.Parse(File.ReadAllBytes(file), options);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new ConfigException($"configuration file '{file}' cannot be read: {cause.Message}");
        }

        using (document)
        {
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new ConfigException($"configuration file '{file}': the outermost value must be an object of sections");
            Flatten(values, document.RootElement, "", file);
        }
    }

    private static void Flatten(Dictionary<string, (string, string)> values, JsonElement element, string prefix, string file)
    {
        foreach (JsonProperty property in element.EnumerateObject())
        {
            string name = prefix.Length == 0 ? property.Name : $"{prefix}.{property.Name}";
            switch (property.Value.ValueKind)
            {
                case JsonValueKind.Object:
                    Flatten(values, property.Value, name, file);
                    break;
                case JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False:
                    Add(values, name, property.Value.ToString(), file);
                    break;
                default:
                    throw new ConfigException($"'{name}' in {file}: a text, a number, true or false is expected");
            }
        }
    }

    private static void AddEnvironment(Dictionary<string, (string, string)> values, IDictionary environment)
    {
        var found = new List<(string Variable, string Value)>();
        foreach (DictionaryEntry entry in environment)
        {
            string variable = (string)entry.Key;
            if (variable.StartsWith(EnvironmentPrefix, StringComparison.Ordinal))
                found.Add((variable, (string?)entry.Value ?? ""));
        }

        found.Sort(static (left, right) => string.CompareOrdinal(left.Variable, right.Variable));
        foreach ((string variable, string value) in found)
        {
            string name = variable[EnvironmentPrefix.Length..].Replace("__", ".", StringComparison.Ordinal);
            Add(values, name, value, variable);
        }
    }

    private static void AddSet(Dictionary<string, (string, string)> values, string set)
    {
        int at = set.IndexOf('=', StringComparison.Ordinal);
        if (at <= 0)
            throw new ConfigException($"--set '{set}': section.key=value is expected");
        Add(values, set[..at], set[(at + 1)..], "--set");
    }

    private static void Add(Dictionary<string, (string, string)> values, string name, string value, string origin)
    {
        ConfigKey key = ConfigSchema.Find(name) ?? throw new ConfigException(
            $"unknown setting '{name}' ({origin}){Suggestion.Phrase(name, ConfigSchema.Keys.Select(known => known.Name))}");
        if (!IsAllowed(key, value))
            throw new ConfigException($"'{key.Name}' = '{value}' ({origin}) is not allowed: {key.Range}");
        values[key.Name] = (value, origin);
    }

    private static bool IsAllowed(ConfigKey key, string value) => key.Kind switch
    {
        ConfigKind.Text => IsAllowedText(key, value),
        ConfigKind.Number => long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && InRange(key, number),
        ConfigKind.Size => SizeText.TryParse(value, out long bytes) && InRange(key, bytes),
        ConfigKind.Duration => DurationText.TryParse(value, TimeSpan.FromMilliseconds(1), out TimeSpan duration)
            && InRange(key, (long)duration.TotalMilliseconds),
        ConfigKind.Switch => value is "true" or "false" or "True" or "False",
        ConfigKind.Address => AddressText.TryParse(value, out _),
        ConfigKind.OptionalAddress => value.Length == 0 || AddressText.TryParse(value, out _),
        _ => false,
    };

    private static bool IsAllowedText(ConfigKey key, string value) =>
        key == ConfigSchema.LogLevel
            ? value is "trace" or "debug" or "information" or "warning" or "error"
            : value.Length > 0;

    private static bool InRange(ConfigKey key, long number) => number >= key.Min && number <= key.Max;
}

using System.CommandLine;
using System.Globalization;
using FastLog.Primitives;
using FastLog.Records;

namespace FastLog.Cli.CommandLine;

/// <summary>Options and value forms that several commands share.</summary>
internal static class CommonOptions
{
    public const string ServerVariable = "FASTLOG_SERVER";
    public const string ServerDefault = "127.0.0.1:9500";

    public static Option<string> Server() => new("--server")
    {
        Description = $"Brokers to connect to, HOST:PORT[,HOST:PORT…] (default: ${ServerVariable}, else {ServerDefault})",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable(ServerVariable) is { Length: > 0 } value ? value : ServerDefault,
        HelpName = "HOST:PORT",
    };

    public static Option<TimeSpan> Timeout() => Duration(
        "--timeout", "How long to wait for an answer", TimeSpan.FromSeconds(30), TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(1));

    public static Option<TimeSpan> Linger() => Duration(
        "--linger", "How long a batch waits for more", TimeSpan.Zero, TimeSpan.Zero, TimeSpan.FromMinutes(1));

    /// <summary>The name of a consumer group.</summary>
    public static Option<string?> Group(string description)
    {
        var option = new Option<string?>("--group") { Description = description, HelpName = "G" };
        option.Validators.Add(static result =>
        {
            if (result.Tokens is [{ Value: "" }])
                result.AddError("--group '' is not allowed: a group has a name");
        });
        return option;
    }

    public static Option<bool> Json() => new("--json") { Description = "Print JSON" };

    /// <summary>A duration in <c>[min, max]</c>.</summary>
    public static Option<TimeSpan> Duration(string name, string description, TimeSpan standard, TimeSpan min, TimeSpan max) => new(name)
    {
        Description = $"{description} (default {Show(standard)})",
        HelpName = "DURATION",
        DefaultValueFactory = _ => standard,
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            bool isDuration = DurationText.TryParse(text, null, out TimeSpan duration);
            if (isDuration && duration >= min && duration <= max)
                return duration;
            result.AddError(isDuration
                ? $"{name} '{text}' is not allowed: {Show(min)} to {Show(max)}"
                : $"{name} '{text}' is no duration: {DurationText.Forms}, as in 250ms, 5s, 7d");
            return default;
        },
    };

    public static Option<long> Size(string name, string description, long standard) => new(name)
    {
        Description = $"{description} (default {SizeText.Format(standard)})",
        HelpName = "SIZE",
        DefaultValueFactory = _ => standard,
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (SizeText.TryParse(text, out long bytes))
                return bytes;
            result.AddError($"{name} '{text}' is no size: {SizeText.Forms}, as in 64KiB");
            return 0;
        },
    };

    /// <summary>A whole number in <c>[min, max]</c>; absent is null.</summary>
    public static Option<long?> Number(string name, string description, long min, long max) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
                && number >= min && number <= max)
                return number;
            result.AddError($"{name} '{text}' is not allowed: a whole number from {min} to {max}");
            return null;
        },
    };

    /// <summary>One of a few words.</summary>
    public static Option<string> Choice(string name, string description, string standard, params string[] values)
    {
        var option = new Option<string>(name)
        {
            Description = $"{description}: {string.Join(", ", values)} (default {standard})",
            HelpName = string.Join('|', values),
            DefaultValueFactory = _ => standard,
        };
        option.Validators.Add(result =>
        {
            string? text = result.Tokens.Count == 0 ? standard : result.Tokens[0].Value;
            if (!values.Contains(text, StringComparer.Ordinal))
                result.AddError($"{name} '{text}' is not allowed: {string.Join(", ", values)}{Suggestion.Phrase(text, values)}");
        });
        option.CompletionSources.Add(values);
        return option;
    }

    /// <summary><c>--compression</c>; see <see cref="CodecOf"/>.</summary>
    public static Option<string> Compression() =>
        Choice("--compression", "How batches are compressed", "none", "none", "gzip", "lz4", "zstd", "snappy");

    /// <summary>The codec that was chosen.</summary>
    /// <exception cref="CliException">Its library is not on this machine.</exception>
    public static Codec CodecOf(string name)
    {
        Invariant.Check(Records.Compression.TryParse(name, out Codec codec));
        if (!Records.Compression.IsAvailable(codec))
            throw CliException.Failed($"{new CodecNotAvailableException(codec).Message}; or use --compression gzip");
        return codec;
    }

    /// <summary><c>--set key=value …</c>, as pairs.</summary>
    public static Option<string[]> Set(string description) => new("--set")
    {
        Description = description,
        HelpName = "key=value",
        Arity = ArgumentArity.ZeroOrMore,
        AllowMultipleArgumentsPerToken = true,
    };

    /// <summary>Splits <c>key=value</c> texts.</summary>
    /// <exception cref="CliException">One has no '=' or no key.</exception>
    public static Dictionary<string, string> Pairs(string option, IEnumerable<string> texts)
    {
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string text in texts)
        {
            int at = text.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0)
                throw CliException.Usage($"{option} '{text}': key=value is expected");
            pairs[text[..at]] = text[(at + 1)..];
        }

        return pairs;
    }

    private static string Show(TimeSpan duration) =>
        duration.TotalSeconds >= 1 ? $"{duration.TotalSeconds:0.###}s" : $"{duration.TotalMilliseconds:0.###}ms";
}

using System.Globalization;
using System.Text.RegularExpressions;

namespace FastLog.Hosting.Tests.Http;

/// <summary>One sample: its family's name with a suffix, its labels as written, its value.</summary>
internal sealed record PrometheusSample(string Name, IReadOnlyDictionary<string, string> Labels, double Value);

/// <summary>
/// Reads Prometheus' text format 0.0.4 and demands of it what the format's page does: HELP and TYPE once and first, the samples of
/// a family together, names of the allowed letters, no series twice, counters and histograms that can be ones.
/// </summary>
internal static partial class PrometheusParser
{
    public static IReadOnlyList<PrometheusSample> Parse(string text)
    {
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        var families = new HashSet<string>(StringComparer.Ordinal);
        var series = new HashSet<string>(StringComparer.Ordinal);
        var samples = new List<PrometheusSample>();
        string family = "";
        string type = "";
        string? helped = null;
        foreach (string line in text[..^1].Split('\n'))
        {
            if (Help().Match(line) is { Success: true } help)
            {
                helped = help.Groups[1].Value;
                Assert.True(families.Add(helped), $"the family {helped} is there twice");
            }
            else if (Type().Match(line) is { Success: true } typed)
            {
                (family, type) = (typed.Groups[1].Value, typed.Groups[2].Value);
                Assert.Equal(helped, family);
                Assert.Equal(type == "counter", family.EndsWith("_total", StringComparison.Ordinal));
            }
            else
            {
                PrometheusSample sample = ParseSample(line);
                string[] allowed = type == "histogram" ? [$"{family}_bucket", $"{family}_sum", $"{family}_count"] : [family];
                Assert.Contains(sample.Name, allowed);
                Assert.True(series.Add(line[..line.LastIndexOf(' ')]), $"twice: {line}");
                Assert.True(type is "gauge" || sample.Value >= 0, line);
                samples.Add(sample);
            }
        }

        CheckHistograms(samples);
        return samples;
    }

    private static PrometheusSample ParseSample(string line)
    {
        Match match = Sample().Match(line);
        Assert.True(match.Success, $"not a sample: '{line}'");
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (Match label in Label().Matches(match.Groups[2].Value))
            labels.Add(label.Groups[1].Value, Regex.Replace(label.Groups[2].Value, @"\\(.)", found => found.Groups[1].Value == "n" ? "\n" : found.Groups[1].Value));
        string number = match.Groups[3].Value;
        return new PrometheusSample(match.Groups[1].Value, labels, double.Parse(number, CultureInfo.InvariantCulture));
    }

    private static void CheckHistograms(List<PrometheusSample> samples)
    {
        foreach (IGrouping<string, PrometheusSample> histogram in samples
            .Where(static sample => sample.Labels.ContainsKey("le"))
            .GroupBy(static sample => Key(sample.Name[..^"_bucket".Length], sample.Labels)))
        {
            PrometheusSample[] buckets = [.. histogram];
            double[] bounds = [.. buckets.Select(static bucket => Bound(bucket.Labels["le"]))];
            Assert.Equal(bounds.Order(), bounds);
            Assert.Equal(buckets.Select(static bucket => bucket.Value).Order(), buckets.Select(static bucket => bucket.Value));
            Assert.Equal(double.PositiveInfinity, bounds[^1]);
            PrometheusSample count = Assert.Single(
                samples, sample => sample.Name.EndsWith("_count", StringComparison.Ordinal) && Key(sample.Name[..^"_count".Length], sample.Labels) == histogram.Key);
            Assert.Equal(buckets[^1].Value, count.Value);
        }
    }

    private static double Bound(string text) =>
        text == "+Inf" ? double.PositiveInfinity : double.Parse(text, CultureInfo.InvariantCulture);

    private static string Key(string name, IReadOnlyDictionary<string, string> labels) =>
        name + string.Concat(labels.Where(static label => label.Key != "le").Select(static label => $",{label.Key}={label.Value}"));

    [GeneratedRegex(@"^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (?:[^\\\n]|\\\\|\\n)+$")]
    private static partial Regex Help();

    [GeneratedRegex(@"^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram)$")]
    private static partial Regex Type();

    [GeneratedRegex(@"^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[a-zA-Z_][a-zA-Z0-9_]*=""(?:[^""\\\n]|\\[\\""n])*""(?:,[a-zA-Z_][a-zA-Z0-9_]*=""(?:[^""\\\n]|\\[\\""n])*"")*\})? (-?[0-9.eE+-]+)$")]
    private static partial Regex Sample();

    [GeneratedRegex(@"([a-zA-Z_][a-zA-Z0-9_]*)=""((?:[^""\\\n]|\\[\\""n])*)""")]
    private static partial Regex Label();
}

using System.Globalization;
using System.Text;

namespace FastLog.Hosting.Http;

/// <summary>Writes Prometheus' text format, version 0.0.4. For one thread; one family after the other.</summary>
internal sealed class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly StringBuilder _text = new(16 * 1024);
    private string _family = "";

    /// <summary>Begins a family: the samples up to the next one are its own.</summary>
    /// <param name="name">Of <c>[a-z0-9_]</c>; a counter's ends with <c>_total</c>.</param>
    /// <param name="type">counter, gauge or histogram.</param>
    /// <param name="help">One sentence.</param>
    public void Family(string name, string type, string help)
    {
        _family = name;
        _text.Append("# HELP ").Append(name).Append(' ');
        Escape(help, quotes: false);
        _text.Append("\n# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
    }

    /// <summary>A family with one sample.</summary>
    public void Gauge(string name, string help, double value)
    {
        Family(name, "gauge", help);
        Sample(value);
    }

    public void Counter(string name, string help, double value)
    {
        Family(name, "counter", help);
        Sample(value);
    }

    public void Sample(double value, params ReadOnlySpan<(string Name, string Value)> labels) => Sample("", value, labels);

    /// <param name="suffix">Of a histogram: <c>_bucket</c>, <c>_sum</c> or <c>_count</c>.</param>
    public void Sample(string suffix, double value, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        _text.Append(_family).Append(suffix);
        char before = '{';
        foreach ((string name, string text) in labels)
        {
            _text.Append(before).Append(name).Append("=\"");
            Escape(text, quotes: true);
            _text.Append('"');
            before = ',';
        }

        if (labels.Length > 0)
            _text.Append('}');
        _text.Append(' ').Append(Number(value)).Append('\n');
    }

    public static string Number(double value) =>
        double.IsPositiveInfinity(value) ? "+Inf" : value.ToString("R", CultureInfo.InvariantCulture);

    public override string ToString() => _text.ToString();

    private void Escape(string text, bool quotes)
    {
        foreach (char letter in text)
        {
            switch (letter)
            {
                case '\\':
                    _text.Append("\\\\");
                    break;
                case '\n':
                    _text.Append("\\n");
                    break;
                case '"' when quotes:
                    _text.Append("\\\"");
                    break;
                default:
                    _text.Append(letter);
                    break;
            }
        }
    }
}

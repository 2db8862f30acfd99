using System.Diagnostics.Metrics;

namespace FastLog.Hosting.Http;

/// <summary>
/// What one instrument has told so far: a sum, or a histogram, for each combination of its tags' values. Thread-safe.
/// </summary>
internal sealed class InstrumentSeries
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Series> _series = new(StringComparer.Ordinal);
    private readonly Instrument _instrument;
    private readonly double[] _bounds;
    private readonly Series? _plain;

    public InstrumentSeries(Instrument instrument)
    {
        _instrument = instrument;
        _bounds = instrument is Histogram<double> histogram ? [.. histogram.Advice?.HistogramBucketBoundaries ?? []] : [];

        // A counter without tags is there from the start, so that a rate over its first increase is right.
        if (!IsHistogram && instrument is Counter<long>)
            _plain = new Series([], 0);
    }

    public string Name => _instrument.Name;

    private bool IsHistogram => _instrument is Histogram<double>;

    public void Add(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        lock (_gate)
        {
            Series series = tags.Length == 0 && _plain is not null ? _plain : Find(tags);
            series.Count++;
            series.Sum += value;
            if (!IsHistogram)
                return;
            int bucket = Array.BinarySearch(_bounds, value);
            series.Buckets[bucket < 0 ? ~bucket : bucket]++;
        }
    }

    public void Write(PrometheusText text)
    {
        Series[] all;
        lock (_gate)
        {
            // One that counts by tags is left out without them.
            IEnumerable<Series> plain = _plain is not null && (_plain.Count > 0 || _series.Count == 0) ? [_plain] : [];
            all = [.. plain, .. _series.OrderBy(static pair => pair.Key, StringComparer.Ordinal).Select(static pair => pair.Value)];
            all = Array.ConvertAll(all, static series => series.Copy());
        }

        string help = _instrument.Description ?? _instrument.Name;
        if (!IsHistogram)
        {
            text.Family(MetricName(), "counter", help);
            foreach (Series series in all)
                text.Sample(series.Sum, series.Labels);
            return;
        }

        text.Family(MetricName(), "histogram", help);
        foreach (Series series in all)
            WriteHistogram(text, series);
    }

    private void WriteHistogram(PrometheusText text, Series series)
    {
        long below = 0;
        for (int i = 0; i <= _bounds.Length; i++)
        {
            below += series.Buckets[i];
            string bound = PrometheusText.Number(i < _bounds.Length ? _bounds[i] : double.PositiveInfinity);
            text.Sample("_bucket", below, [.. series.Labels, ("le", bound)]);
        }

        text.Sample("_sum", series.Sum, series.Labels);
        text.Sample("_count", series.Count, series.Labels);
    }

    private Series Find(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        string key = "";
        foreach (ref readonly KeyValuePair<string, object?> tag in tags)
            key = tags.Length == 1 ? Text(tag) : $"{key}{Text(tag)}\0";
        if (_series.TryGetValue(key, out Series? series))
            return series;
        if (_series.Count >= HttpLimits.SeriesMax)
        {
            key = "\uffff";
            if (_series.TryGetValue(key, out series))
                return series;
            series = new Series([("overflow", "true")], _bounds.Length + 1);
        }
        else
        {
            var labels = new (string, string)[tags.Length];
            for (int i = 0; i < labels.Length; i++)
                labels[i] = (Plain(tags[i].Key), Text(tags[i]));
            series = new Series(labels, _bounds.Length + 1);
        }

        _series.Add(key, series);
        return series;
    }

    private static string Text(in KeyValuePair<string, object?> tag) => tag.Value as string ?? tag.Value?.ToString() ?? "";

    /// <summary>fastlog.storage.appended in By: fastlog_storage_appended_bytes_total.</summary>
    private string MetricName()
    {
        string unit = _instrument.Unit switch
        {
            "By" => "_bytes",
            "s" => "_seconds",
            _ => "",
        };
        return Plain(_instrument.Name) + unit + (IsHistogram ? "" : "_total");
    }

    private static string Plain(string name) => name.Replace('.', '_').Replace('-', '_');

    private sealed class Series((string, string)[] labels, int buckets)
    {
        public (string, string)[] Labels { get; } = labels;

        public long[] Buckets { get; private init; } = new long[buckets];

        public long Count { get; set; }

        public double Sum { get; set; }

        public Series Copy() => new(Labels, 0) { Buckets = [.. Buckets], Count = Count, Sum = Sum };
    }
}

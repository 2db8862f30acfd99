using System.Diagnostics.Metrics;

namespace FastLog.Hosting.Http;

/// <summary>
/// Adds up what the process's instruments of FastLog tell, from its making on. Thread-safe.
/// </summary>
internal sealed class MetricsCollector : IDisposable
{
    private const string MeterPrefix = "FastLog.";

    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, InstrumentSeries> _instruments = new(StringComparer.Ordinal);
    private readonly MeterListener _listener = new();

    public MetricsCollector()
    {
        _listener.InstrumentPublished = Published;
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, state) => ((InstrumentSeries)state!).Add(value, tags));
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, state) => ((InstrumentSeries)state!).Add(value, tags));
        _listener.Start();
    }

    public void Write(PrometheusText text)
    {
        InstrumentSeries[] all;
        lock (_gate)
            all = [.. _instruments.Values];
        foreach (InstrumentSeries series in all)
            series.Write(text);
    }

    public void Dispose() => _listener.Dispose();

    private void Published(Instrument instrument, MeterListener listener)
    {
        bool isKnown = instrument is Counter<long> or Histogram<double>;
        if (!isKnown || !instrument.Meter.Name.StartsWith(MeterPrefix, StringComparison.Ordinal))
            return;
        InstrumentSeries? series;
        lock (_gate)
        {
            // Clients of one process have a meter each, with instruments of the same names.
            if (!_instruments.TryGetValue(instrument.Name, out series))
            {
                series = new InstrumentSeries(instrument);
                _instruments.Add(instrument.Name, series);
            }
        }

        listener.EnableMeasurementEvents(instrument, series);
    }
}

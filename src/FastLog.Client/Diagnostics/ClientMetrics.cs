using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace FastLog.Client;

/// <summary>
/// The instruments of the meter <c>FastLog.Client</c>: counted per batch, request or connection, never per record.
/// </summary>
internal sealed class ClientMetrics : IDisposable
{
    /// <summary>Spans of admin calls and of single produced records.</summary>
    public static readonly ActivitySource Activities = new("FastLog.Client");

    private readonly Meter _meter = new("FastLog.Client");

    public ClientMetrics()
    {
        ConnectionsOpened = _meter.CreateCounter<long>("fastlog.client.connections.opened", "{connection}");
        ConnectionsLost = _meter.CreateCounter<long>("fastlog.client.connections.lost", "{connection}");
        ProducedRecords = _meter.CreateCounter<long>("fastlog.client.produced.records", "{record}");
        ProducedBytes = _meter.CreateCounter<long>("fastlog.client.produced.bytes", "By");
        ProduceFailures = _meter.CreateCounter<long>("fastlog.client.produce.failures", "{record}");
        ProduceRetries = _meter.CreateCounter<long>("fastlog.client.produce.retries", "{batch}");
        FetchedBytes = _meter.CreateCounter<long>("fastlog.client.fetched.bytes", "By");
        FetchRequests = _meter.CreateCounter<long>("fastlog.client.fetch.requests", "{request}");
    }

    public Counter<long> ConnectionsOpened { get; }

    public Counter<long> ConnectionsLost { get; }

    public Counter<long> ProducedRecords { get; }

    public Counter<long> ProducedBytes { get; }

    public Counter<long> ProduceFailures { get; }

    public Counter<long> ProduceRetries { get; }

    public Counter<long> FetchedBytes { get; }

    public Counter<long> FetchRequests { get; }

    public void Dispose() => _meter.Dispose();
}

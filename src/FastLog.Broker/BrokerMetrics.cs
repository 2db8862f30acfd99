using System.Diagnostics.Metrics;
using FastLog.Protocol;
using FastLog.Transport;

namespace FastLog.Broker;

/// <summary>
/// The broker's instruments; counted per request, part of a request or connection, never per record. A tag's values come from
/// the protocol's own lists, never from a peer. Thread-safe.
/// </summary>
public static class BrokerMetrics
{
    public const string MeterName = "FastLog.Broker";

    /// <summary>Upper bounds of the buckets of durations, in seconds.</summary>
    private static readonly double[] DurationBounds =
        [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60];

    private static readonly Meter Meter = new(MeterName);

    private static readonly Histogram<double> DurationHistogram = Meter.CreateHistogram(
        "fastlog.broker.request.duration", "s",
        "From the arrival of a request to its answer; a fetch's wait for records counts.",
        tags: null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = DurationBounds });

    private static readonly Counter<long> RefusedCounter = Meter.CreateCounter<long>(
        "fastlog.broker.refused", "{refusal}", "Requests, or partitions of a produce or fetch request, that were refused.");

    private static readonly Counter<long> ProducedRecordCounter = Meter.CreateCounter<long>(
        "fastlog.broker.produced.records", "{record}", "Records that producers were told are in the log.");

    private static readonly Counter<long> ProducedByteCounter =
        Meter.CreateCounter<long>("fastlog.broker.produced", "By", "Bytes of batches that producers were told are in the log.");

    private static readonly Counter<long> FetchedByteCounter =
        Meter.CreateCounter<long>("fastlog.broker.fetched", "By", "Bytes of batches in answers to fetches.");

    private static readonly Counter<long> OpenedCounter =
        Meter.CreateCounter<long>("fastlog.broker.connections.opened", "{connection}", "Connections that were accepted.");

    private static readonly Counter<long> ClosedCounter =
        Meter.CreateCounter<long>("fastlog.broker.connections.closed", "{connection}", "Connections that ended, by reason.");

    private static readonly Counter<long> TurnedAwayCounter = Meter.CreateCounter<long>(
        "fastlog.broker.connections.refused", "{connection}", "Connections that were over a limit, by reason.");

    private static readonly Counter<long> ReceivedCounter =
        Meter.CreateCounter<long>("fastlog.broker.received", "By", "Bytes that clients sent over connections that have ended.");

    private static readonly Counter<long> SentCounter =
        Meter.CreateCounter<long>("fastlog.broker.sent", "By", "Bytes that were sent to clients over connections that have ended.");

    private static readonly object?[] ApiNames = Names(MessageCatalog.All.Select(static message => (message.Key.ToString(), (int)message.Key)));

    private static readonly object?[] ErrorNames = Names(ErrorCodes.All.Select(static error => (error.Code.ToString(), (int)error.Code)));

    private static readonly object?[] CloseNames =
        Names(Enum.GetValues<CloseKind>().Select(static kind => (kind.ToString(), (int)kind)));

    /// <summary>False: nobody listens, and no clock need be read.</summary>
    internal static bool IsTimed => DurationHistogram.Enabled;

    internal static void Answered(ApiKey api, TimeSpan duration) =>
        DurationHistogram.Record(duration.TotalSeconds, Tag("api", ApiNames, (int)api));

    internal static void Refused(ApiKey api, ErrorCode error)
    {
        if (RefusedCounter.Enabled)
            RefusedCounter.Add(1, Tag("api", ApiNames, (int)api), Tag("error", ErrorNames, (int)error));
    }

    internal static void Produced(long records, long bytes)
    {
        ProducedRecordCounter.Add(records);
        ProducedByteCounter.Add(bytes);
    }

    internal static void Fetched(long bytes) => FetchedByteCounter.Add(bytes);

    internal static void ConnectionOpened() => OpenedCounter.Add(1);

    internal static void ConnectionClosed(CloseKind reason, in ConnectionCounts counts)
    {
        ClosedCounter.Add(1, Tag("reason", CloseNames, (int)reason));
        ReceivedCounter.Add(counts.BytesReceived);
        SentCounter.Add(counts.BytesSent);
    }

    internal static void ConnectionRefused(CloseKind reason) => TurnedAwayCounter.Add(1, Tag("reason", CloseNames, (int)reason));

    private static KeyValuePair<string, object?> Tag(string name, object?[] names, int number) =>
        new(name, (uint)number < (uint)names.Length && names[number] is { } known ? known : "Other");

    private static object?[] Names(IEnumerable<(string Name, int Number)> all)
    {
        (string Name, int Number)[] known = [.. all];
        object?[] names = new object?[known.Max(static entry => entry.Number) + 1];
        foreach ((string name, int number) in known)
            names[number] = name;
        return names;
    }
}

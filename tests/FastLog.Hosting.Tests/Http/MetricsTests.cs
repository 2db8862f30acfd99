using System.Diagnostics.Metrics;
using FastLog.Broker;
using FastLog.Hosting.Http;
using FastLog.Storage.Space;

namespace FastLog.Hosting.Tests.Http;

/// <summary>Instruments and a broker's status as Prometheus' text, read back by a strict parser.</summary>
public sealed class MetricsTests
{
    private static readonly BrokerStatus Healthy = new(
        IsStopping: false, IsRecovering: false, new PartitionCounts(0, 0, 3, 0, 0), Problem: null,
        new SpaceStatus(FreeBytes: 900 << 20, ReserveBytes: 256 << 20, IsReached: false), Connections: 2, ParkedFetches: 1, []);

    [Fact]
    public void Counters_by_tag_sum_up_and_get_their_unit_and_total()
    {
        using var meter = new Meter("FastLog.Test");
        using var collector = new MetricsCollector();
        Counter<long> plain = meter.CreateCounter<long>("test.plain", "{thing}", "Plain.");
        Counter<long> bytes = meter.CreateCounter<long>("test.moved", "By", "Tagged, \\ and \"quoted\"\nin two lines.");
        meter.CreateCounter<long>("test.never", "{thing}", "Never counted.");
        bytes.Add(5, new KeyValuePair<string, object?>("by.whom", "a\"b\\c\nd"));
        bytes.Add(7, new KeyValuePair<string, object?>("by.whom", "a\"b\\c\nd"));
        bytes.Add(1, new KeyValuePair<string, object?>("by.whom", "other"));
        plain.Add(3);
        IReadOnlyList<PrometheusSample> samples = Parsed(collector);
        Assert.Equal(3, Value(samples, "test_plain_total"));
        Assert.Equal(0, Value(samples, "test_never_total"));
        Assert.Equal(12, Value(samples, "test_moved_bytes_total", ("by_whom", "a\"b\\c\nd")));
        Assert.Equal(1, Value(samples, "test_moved_bytes_total", ("by_whom", "other")));
    }

    [Fact]
    public void A_histogram_counts_each_value_in_the_buckets_from_its_bound_on()
    {
        using var meter = new Meter("FastLog.Test");
        using var collector = new MetricsCollector();
        Histogram<double> histogram = meter.CreateHistogram(
            "test.time", "s", "Time.", tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 1, 10] });
        foreach (double value in (double[])[0.1, 0.5, 1, 3, 1000])
            histogram.Record(value);
        IReadOnlyList<PrometheusSample> samples = Parsed(collector);
        Assert.Equal(1, Value(samples, "test_time_seconds_bucket", ("le", "0.1")));
        Assert.Equal(3, Value(samples, "test_time_seconds_bucket", ("le", "1")));
        Assert.Equal(4, Value(samples, "test_time_seconds_bucket", ("le", "10")));
        Assert.Equal(5, Value(samples, "test_time_seconds_bucket", ("le", "+Inf")));
        Assert.Equal(1004.6, Value(samples, "test_time_seconds_sum"), 6);
    }

    [Fact]
    public void Values_of_tags_are_bounded_and_what_is_over_the_bound_is_counted_together()
    {
        using var meter = new Meter("FastLog.Test");
        using var collector = new MetricsCollector();
        Counter<long> counter = meter.CreateCounter<long>("test.many", "{thing}", "Many.");
        for (int i = 0; i < HttpLimits.SeriesMax + 50; i++)
            counter.Add(1, new KeyValuePair<string, object?>("name", $"value-{i}"));
        PrometheusSample[] many = [.. Parsed(collector).Where(static sample => sample.Name == "test_many_total")];
        Assert.Equal(HttpLimits.SeriesMax + 1, many.Length);
        Assert.Equal(50, Value(many, "test_many_total", ("overflow", "true")));
    }

    [Fact]
    public void Every_instrument_of_the_engine_and_the_broker_is_told_with_a_help()
    {
        using var collector = new MetricsCollector();
        var expected = new List<string>();
        using (var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name is BrokerMetrics.MeterName or Storage.StorageMetrics.MeterName)
                    expected.Add(instrument.Name);
                Assert.False(instrument.Meter.Name.StartsWith("FastLog.", StringComparison.Ordinal) && instrument.IsObservable, "observed ones are not collected");
            },
        })
        {
            System.Runtime.CompilerServices.RuntimeHelpers.RunClassConstructor(typeof(BrokerMetrics).TypeHandle);
            System.Runtime.CompilerServices.RuntimeHelpers.RunClassConstructor(typeof(Storage.StorageMetrics).TypeHandle);
            listener.Start();
        }

        Assert.True(expected.Count > 25, $"{expected.Count} instruments");
        string text = Text(collector);
        PrometheusParser.Parse(text);
        foreach (string name in expected)
            Assert.Contains($"# HELP {name.Replace('.', '_')}", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Topics_are_listed_up_to_a_bound_and_the_others_counted()
    {
        TopicStatus[] topics = [.. Enumerable.Range(0, HttpLimits.TopicsListedMax + 7).Select(static i => new TopicStatus($"t{i:0000}", 2, 300, 4, 50, 6))];
        var text = new PrometheusText();
        BrokerGauges.Write(text, Healthy with { Topics = topics });
        BrokerGauges.WriteProcess(text);
        IReadOnlyList<PrometheusSample> samples = PrometheusParser.Parse(text.ToString());
        Assert.Equal(topics.Length, Value(samples, "fastlog_topics"));
        Assert.Equal(7, Value(samples, "fastlog_topics_not_listed"));
        Assert.Equal(HttpLimits.TopicsListedMax, samples.Count(static sample => sample.Name == "fastlog_topic_size_bytes"));
        Assert.Equal(50, Value(samples, "fastlog_topic_offsets_total", ("topic", "t0003")));
        Assert.Equal(3, Value(samples, "fastlog_partitions", ("state", "serving")));
        Assert.True(Value(samples, "process_resident_memory_bytes") > 1 << 20);
    }

    [Fact]
    public void Readiness_names_what_is_missing_and_can_leave_a_check_out()
    {
        Assert.True(HealthChecks.Show(Healthy, [], out string page), page);
        Assert.EndsWith("\nready\n", page, StringComparison.Ordinal);
        ShowsNotReady(null, "[-]start failed");
        ShowsNotReady(Healthy with { IsStopping = true }, "[-]running failed: the broker is stopping");
        ShowsNotReady(
            Healthy with { IsRecovering = true, Partitions = new PartitionCounts(5, 2, 3, 0, 0) },
            "[-]recovery failed: 3 of 10 partitions are recovered");
        ShowsNotReady(
            Healthy with { Partitions = new PartitionCounts(0, 0, 8, 0, 2), Problem = "orders/3: no such file" },
            "2 partitions could not be opened, 0 take no records any more; one of them: orders/3: no such file");
        BrokerStatus fenced = Healthy with { Partitions = new PartitionCounts(0, 0, 8, 1, 0), Problem = "orders/3: a flush failed" };
        ShowsNotReady(fenced, "0 partitions could not be opened, 1 take no records any more; one of them: orders/3: a flush failed");
        ShowsNotReady(
            Healthy with { Space = new SpaceStatus(3 << 20, 8 << 20, IsReached: true) },
            "[-]space failed: records are refused: 3.0 MiB are free where the data directory lies, and 8.0 MiB are kept free");
        Assert.True(HealthChecks.Show(fenced, ["partitions"], out page), page);
        Assert.Contains("[ ]partitions excluded: ", page, StringComparison.Ordinal);
        Assert.Equal(0, Value(Written(fenced), "fastlog_ready"));
        Assert.Equal(1, Value(Written(Healthy), "fastlog_ready"));
    }

    private static IReadOnlyList<PrometheusSample> Written(BrokerStatus status)
    {
        var text = new PrometheusText();
        BrokerGauges.Write(text, status);
        return PrometheusParser.Parse(text.ToString());
    }

    private static void ShowsNotReady(BrokerStatus? status, string expected)
    {
        Assert.False(HealthChecks.Show(status, [], out string page), page);
        Assert.Contains(expected, page, StringComparison.Ordinal);
        Assert.EndsWith("\nnot ready\n", page, StringComparison.Ordinal);
    }

    private static string Text(MetricsCollector collector)
    {
        var text = new PrometheusText();
        collector.Write(text);
        return text.ToString();
    }

    private static IReadOnlyList<PrometheusSample> Parsed(MetricsCollector collector) => PrometheusParser.Parse(Text(collector));

    internal static double Value(IReadOnlyList<PrometheusSample> samples, string name, params (string Name, string Value)[] labels) =>
        Assert.Single(samples, sample => sample.Name == name && labels.All(label =>
            sample.Labels.GetValueOrDefault(label.Name) == label.Value)).Value;
}

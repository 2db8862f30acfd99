using System.Diagnostics;
using System.Reflection;
using FastLog.Broker;

namespace FastLog.Hosting.Http;

/// <summary>What <c>/metrics</c> tells of the moment, beside the counters: the broker's status, its topics, the process.</summary>
internal static class BrokerGauges
{
    private static readonly string Version =
        typeof(BrokerGauges).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";

    public static void Write(PrometheusText text, BrokerStatus status)
    {
        text.Family("fastlog_build_info", "gauge", "Always 1; the label tells the version.");
        text.Sample(1, ("version", Version));
        text.Gauge(
            "fastlog_ready", "1 when /readyz answers 200.", HealthChecks.Of(status).All(static check => check.Problem is null) ? 1 : 0);
        text.Gauge("fastlog_connections", "Open client connections.", status.Connections);
        text.Gauge("fastlog_fetches_waiting", "Fetches that wait for records.", status.ParkedFetches);
        text.Gauge("fastlog_free_bytes", "Bytes that are free where the data directory lies; -1 when unknown.", status.Space.FreeBytes);
        text.Gauge("fastlog_free_reserve_bytes", "Bytes that are kept free there (storage.freeReserve).", status.Space.ReserveBytes);
        text.Gauge("fastlog_free_reserve_reached", "1 while records are refused for want of space.", status.Space.IsReached ? 1 : 0);
        WritePartitions(text, status.Partitions);
        WriteTopics(text, status.Topics);
    }

    public static void WriteProcess(PrometheusText text)
    {
        using var process = Process.GetCurrentProcess();
        text.Counter("process_cpu_seconds_total", "Processor time of the process.", process.TotalProcessorTime.TotalSeconds);
        text.Gauge("process_resident_memory_bytes", "Memory of the process that is in RAM.", process.WorkingSet64);
        text.Gauge("process_threads", "Threads of the process.", process.Threads.Count);
        text.Gauge(
            "process_start_time_seconds", "When the process began, in seconds since 1970.",
            new DateTimeOffset(process.StartTime.ToUniversalTime()).ToUnixTimeMilliseconds() / 1000.0);
        text.Gauge("dotnet_gc_heap_bytes", "Managed memory in use, garbage among it.", GC.GetTotalMemory(forceFullCollection: false));
        text.Counter("dotnet_gc_pause_seconds_total", "Time in which garbage collection held the program.", GC.GetTotalPauseDuration().TotalSeconds);
    }

    private static void WritePartitions(PrometheusText text, in PartitionCounts counts)
    {
        text.Family(
            "fastlog_partitions", "gauge",
            "Partitions by state: waiting and opening recover, fenced ones give records and take none, failed ones could not be opened.");
        text.Sample(counts.Waiting, ("state", "waiting"));
        text.Sample(counts.Opening, ("state", "opening"));
        text.Sample(counts.Serving, ("state", "serving"));
        text.Sample(counts.Fenced, ("state", "fenced"));
        text.Sample(counts.Failed, ("state", "failed"));
    }

    private static void WriteTopics(PrometheusText text, IReadOnlyList<TopicStatus> topics)
    {
        TopicStatus[] listed = [.. topics.Take(HttpLimits.TopicsListedMax)];
        text.Gauge("fastlog_topics", "Topics, the broker's own among them.", topics.Count);
        text.Gauge("fastlog_topics_not_listed", "Those that are over the limit of the families below.", topics.Count - listed.Length);
        PerTopic("fastlog_topic_partitions", "gauge", "Partitions of a topic.", static topic => topic.PartitionCount);
        PerTopic("fastlog_topic_size_bytes", "gauge", "Bytes of a topic's segments.", static topic => topic.SizeBytes);
        PerTopic("fastlog_topic_segments", "gauge", "Segments of a topic.", static topic => topic.SegmentCount);
        PerTopic("fastlog_topic_offsets_total", "counter", "Offsets that a topic's records were given: the sum of its log ends.", static topic => topic.OffsetsGiven);
        PerTopic("fastlog_topic_offsets_kept", "gauge", "Offsets from log start to log end.", static topic => topic.OffsetsKept);

        void PerTopic(string name, string type, string help, Func<TopicStatus, double> value)
        {
            text.Family(name, type, help);
            foreach (TopicStatus topic in listed)
                text.Sample(value(topic), ("topic", topic.Name));
        }
    }
}

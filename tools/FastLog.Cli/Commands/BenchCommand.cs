using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using FastLog.Cli.CommandLine;
using FastLog.Client;
using FastLog.LoadGenerator;
using FastLog.Protocol.Messages;

namespace FastLog.Cli.Commands;

/// <summary><c>fastlog bench</c>: the load generator.</summary>
internal static class BenchCommand
{
    public static Command Create() =>
        CommandBuilder.Create("bench", "Measure a running broker", "fastlog bench produce --size 100 --seconds 10 --flush os")
            .With(
                Sub("produce", "Produce distinct records and count the acknowledged ones", ProduceBench.RunAsync),
                Sub("consume", "Read a topic from its beginning; one that is absent is filled first", ConsumeBench.RunAsync),
                Sub("latency", "Time records from produce to consume, at a rate", LatencyBench.RunAsync));

    private static Command Sub(
        string name, string description, Func<BenchOptions, Action<long>, CancellationToken, Task<BenchResult>> run)
    {
        var options = new BenchCommandOptions(name);
        return CommandBuilder.Create(name, description, $"fastlog bench {name} --size 100 --seconds 10 --json")
            .With(options.All)
            .Does(async (result, token) =>
            {
                BenchOptions bench = options.Read(result);
                var last = new LastCount();
                BenchResult measured = await run(bench, last.Show, token);
                Report(measured, bench, result.GetValue(options.Json));
                if (measured.Errors == 0)
                    return ExitCode.Done;
                Console.Error.WriteLine($"fastlog: {measured.Errors} errors; the first: {measured.FirstError}");
                return ExitCode.Failed;
            });
    }

    private static void Report(BenchResult result, BenchOptions options, bool asJson)
    {
        if (asJson)
        {
            JsonOutput.Write(writer => WriteJson(writer, result, options));
            return;
        }

        Console.Out.WriteLine(
            $"{result.Records} records, {result.Elapsed.TotalSeconds:0.00} s: {result.RecordsPerSecond:0} records/s, "
            + $"{result.MegabytesPerSecond:0.0} MB/s; client CPU {result.ClientCpu.TotalSeconds:0.00} s; {result.Errors} errors");
        if (result.FirstRecord is { } first)
            Console.Out.WriteLine($"first record after {first.TotalMilliseconds:0.0} ms");
        if (result.Latency.Percentile(1) > TimeSpan.Zero)
        {
            Console.Out.WriteLine("latency ms: " + string.Join(
                "  ", Latencies(result).Select(pair => $"{pair.Name} {pair.Milliseconds:0.###}")));
        }
    }

    private static (string Name, double Milliseconds)[] Latencies(BenchResult result) =>
    [
        ("p50", result.Latency.Percentile(0.5).TotalMilliseconds),
        ("p90", result.Latency.Percentile(0.9).TotalMilliseconds),
        ("p99", result.Latency.Percentile(0.99).TotalMilliseconds),
        ("p999", result.Latency.Percentile(0.999).TotalMilliseconds),
        ("max", result.Latency.Max.TotalMilliseconds),
    ];

    private static void WriteJson(Utf8JsonWriter writer, BenchResult result, BenchOptions options)
    {
        writer.WriteStartObject();
        writer.WriteString("bench", result.Bench);
        writer.WriteNumber("records", result.Records);
        writer.WriteNumber("bytes", result.Bytes);
        writer.WriteNumber("seconds", Math.Round(result.Elapsed.TotalSeconds, 6));
        writer.WriteNumber("recordsPerSecond", Math.Round(result.RecordsPerSecond, 1));
        writer.WriteNumber("megabytesPerSecond", Math.Round(result.MegabytesPerSecond, 3));
        writer.WriteStartObject("latencyMs");
        foreach ((string name, double milliseconds) in Latencies(result))
            writer.WriteNumber(name, Math.Round(milliseconds, 4));
        writer.WriteEndObject();
        writer.WriteNumber("clientCpuSeconds", Math.Round(result.ClientCpu.TotalSeconds, 3));
        writer.WriteNumber("errors", result.Errors);
        if (result.FirstRecord is { } first)
            writer.WriteNumber("firstRecordMs", Math.Round(first.TotalMilliseconds, 3));
        writer.WriteStartObject("options");
        writer.WriteString("topic", options.Topic);
        writer.WriteNumber("partitions", options.Partitions);
        writer.WriteNumber("size", options.Size);
        writer.WriteNumber("producers", options.Producers);
        writer.WriteNumber("connections", options.Connections);
        writer.WriteNumber("batchBytes", options.BatchBytes);
        writer.WriteNumber("linger", options.Linger.TotalMilliseconds);
        writer.WriteNumber("warmup", options.Warmup.TotalMilliseconds);
        writer.WriteString("acks", options.Acks.ToString().ToLowerInvariant());
        writer.WriteString("compression", options.Compression.ToString().ToLowerInvariant());
        writer.WriteNumber("keys", options.Keys);
        writer.WriteNumber("rate", options.Rate);
        writer.WriteBoolean("verify", options.Verify);
        writer.WriteStartObject("topicSettings");
        foreach ((string key, string value) in options.TopicSettings.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            writer.WriteString(key, value);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary>The progress line of each second.</summary>
    private sealed class LastCount
    {
        private long _before;

        public void Show(long records)
        {
            Console.Error.WriteLine($"{records} records, {Math.Max(0, records - _before)} in the last second");
            _before = records;
        }
    }

    /// <summary>The options of a bench as one value.</summary>
    private sealed class BenchCommandOptions(string bench)
    {
        private readonly Option<string> _topic = new("--topic")
        {
            Description = $"The topic; made if absent (default bench-{bench})",
            HelpName = "T",
            DefaultValueFactory = _ => "bench-" + bench,
        };

        private readonly Option<long?> _partitions = CommonOptions.Number("--partitions", "Partitions of the topic it makes (default 1)", 1, 10_000);
        private readonly Option<long> _size = CommonOptions.Size("--size", "Bytes of a record's value", 100);
        private readonly Option<long?> _seconds = CommonOptions.Number("--seconds", "How long (default 10)", 1, 86_400);
        private readonly Option<long?> _records = CommonOptions.Number("--records", "How many records, instead of a time", 1, long.MaxValue);
        private readonly Option<TimeSpan> _warmup = CommonOptions.Duration(
            "--warmup", "Time that is not counted", TimeSpan.FromSeconds(1), TimeSpan.Zero, TimeSpan.FromDays(1));
        private readonly Option<long?> _connections = CommonOptions.Number("--connections", "Connections (default: one a producer)", 1, 10_000);
        private readonly Option<long?> _producers = CommonOptions.Number("--producers", "Producers (default 1)", 1, 10_000);
        private readonly Option<long> _batchBytes = CommonOptions.Size("--batch-bytes", "Size of a batch at most", 256 << 10);
        private readonly Option<TimeSpan> _linger = CommonOptions.Linger();
        private readonly Option<string> _acks = CommonOptions.Choice("--acks", "Who must have a record", "all", "all", "leader", "none");
        private readonly Option<string> _flush = CommonOptions.Choice(
            "--flush", "When the topic it makes flushes", "ack", "ack", "interval", "os");
        private readonly Option<string[]> _set = CommonOptions.Set("Settings of the topic it makes");
        private readonly Option<string> _compression = CommonOptions.Compression();
        private readonly Option<long?> _keys = CommonOptions.Number("--keys", "Distinct keys (default 0: no key)", 0, 1_000_000);
        private readonly Option<long?> _rate = CommonOptions.Number("--rate", "Records a second, open loop (default 0: as fast as it goes)", 0, 1_000_000_000);
        private readonly Option<bool> _verify = new("--verify") { Description = "Consumers check the contents of every record" };
        private readonly Option<bool> _keep = new("--keep") { Description = "Keep the topic that was made" };
        private readonly ServerOptions _server = new();

        public Option<bool> Json { get; } = CommonOptions.Json();

        public Symbol[] All =>
        [
            _topic, _partitions, _size, _seconds, _records, _warmup, _connections, _producers, _batchBytes, _linger, _acks, _flush,
            _set, _compression, _keys, _rate, _verify, _keep, Json, _server.Server, _server.Timeout,
        ];

        public BenchOptions Read(ParseResult result)
        {
            int producers = (int)(result.GetValue(_producers) ?? 1);
            var settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["flush"] = result.GetRequiredValue(_flush) };
            foreach ((string key, string value) in CommonOptions.Pairs("--set", result.GetValue(_set) ?? []))
                settings[key] = value;
            return new BenchOptions
            {
                Servers = ClientOptions.ParseServers(result.GetRequiredValue(_server.Server)),
                Topic = result.GetRequiredValue(_topic),
                Partitions = (int)(result.GetValue(_partitions) ?? 1),
                Size = Checked("--size", result.GetValue(_size), bench == "latency" ? 16 : 0, 8 << 20),
                Duration = TimeSpan.FromSeconds(result.GetValue(_seconds) ?? 10),
                Records = result.GetValue(_records) ?? 0,
                Warmup = result.GetValue(_warmup),
                Connections = (int)(result.GetValue(_connections) ?? producers),
                Producers = producers,
                BatchBytes = Checked("--batch-bytes", result.GetValue(_batchBytes), ClientLimits.BatchBytesMin, ClientLimits.BatchBytesMax),
                Linger = result.GetValue(_linger),
                Acks = Enum.Parse<ProduceAcks>(result.GetRequiredValue(_acks), ignoreCase: true),
                Compression = CommonOptions.CodecOf(result.GetRequiredValue(_compression)),
                Keys = (int)(result.GetValue(_keys) ?? 0),
                Rate = result.GetValue(_rate) ?? 0,
                Verify = result.GetValue(_verify),
                TopicSettings = settings,
                Keep = result.GetValue(_keep),
                RequestTimeout = result.GetValue(_server.Timeout),
            };
        }

        private static int Checked(string option, long value, long min, long max) => value >= min && value <= max
            ? (int)value
            : throw CliException.Usage(string.Create(CultureInfo.InvariantCulture, $"{option} {value} is not allowed: {min} to {max}"));
    }
}

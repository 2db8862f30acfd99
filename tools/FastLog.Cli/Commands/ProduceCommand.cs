using System.CommandLine;
using System.Diagnostics;
using System.Text;
using FastLog.Cli.CommandLine;
using FastLog.Cli.Producing;
using FastLog.Client;
using FastLog.Protocol.Messages;

namespace FastLog.Cli.Commands;

/// <summary><c>fastlog produce</c>: one record a line, or one value.</summary>
internal static class ProduceCommand
{
    private const int PartitionMax = 9_999;

    public static Command Create()
    {
        var topic = new Argument<string>("TOPIC") { Description = "The topic's name" };
        var value = new Argument<string?>("VALUE")
        {
            Description = "One record's value; without it, lines are read",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var options = new ProduceCommandOptions();
        return CommandBuilder.Create("produce", "Write records to a topic: one a line from a file or standard input, or one value",
                "fastlog produce orders \"one record\"",
                "fastlog produce orders --file orders.txt --key-separator : --acks all",
                "tail -f app.log | fastlog produce logs")
            .With(topic, value).With(options.All)
            .Does((result, token) => RunAsync(result, result.GetRequiredValue(topic), result.GetValue(value), options, token));
    }

    private static async Task<int> RunAsync(
        ParseResult result, string topic, string? value, ProduceCommandOptions options, CancellationToken cancellationToken)
    {
        if (value is not null && result.GetValue(options.File) is not null)
            throw CliException.Usage("VALUE and --file exclude each other");
        RecordSource source = options.Source(result);
        ProducerOptions producerOptions = options.Producer(result);
        await using Stream input = Open(result.GetValue(options.File), value);
        await using FastLogClient client = options.Server.Connect(result);
        await using Producer producer = client.CreateProducer(producerOptions);
        long started = Stopwatch.GetTimestamp();
        TopicProducer topicProducer = await UnknownTopic.ExplainAsync(
            client, topic, () => producer.OpenTopicAsync(topic, cancellationToken));
        if (result.GetValue(options.Partition) is { } partition && partition >= topicProducer.PartitionCount)
            throw CliException.Failed($"topic '{topic}' has no partition {partition}: it has {topicProducer.PartitionCount}, counted from 0");
        var run = new ProduceRun(topicProducer, source);
        var progress = new Progress("records sent");
        await run.RunAsync(input, progress.Show, cancellationToken);
        progress.End();
        Report(topic, run, Stopwatch.GetElapsedTime(started), result.GetValue(options.Json), value is not null);
        return ExitCode.Done;
    }

    private static Stream Open(string? file, string? value)
    {
        if (value is not null)
            return new MemoryStream(Encoding.UTF8.GetBytes(value + "\n")) { Position = 0 };
        if (file is null or "-")
            return Console.OpenStandardInput();
        return new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0, FileOptions.SequentialScan);
    }

    private static void Report(string topic, ProduceRun run, TimeSpan taken, bool asJson, bool single)
    {
        ReceiptTally tally = run.Tally;
        if (asJson)
        {
            JsonOutput.Write(writer =>
            {
                writer.WriteStartObject();
                writer.WriteNumber("records", tally.Acknowledged);
                writer.WriteNumber("bytes", run.Bytes);
                writer.WriteStartArray("partitions");
                foreach ((int partition, PartitionTally part) in tally.Partitions)
                {
                    writer.WriteStartObject();
                    writer.WriteNumber("partition", partition);
                    writer.WriteNumber("firstOffset", part.FirstOffset);
                    writer.WriteNumber("lastOffset", part.LastOffset);
                    writer.WriteNumber("records", part.Records);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
                writer.WriteNumber("seconds", Math.Round(taken.TotalSeconds, 6));
                writer.WriteEndObject();
            });
            return;
        }

        string where = string.Join(", ", tally.Partitions.Select(part => Describe(part.Key, part.Value)));
        string count = tally.Acknowledged == 1 ? "1 record" : $"{tally.Acknowledged} records";
        string time = single ? "" : $" in {taken.TotalSeconds:0.000} s";
        Console.Error.WriteLine($"{count} to topic '{topic}'{time}{(where.Length == 0 ? "" : ": " + where)}");
    }

    private static string Describe(int partition, PartitionTally tally) => tally.Records == 1
        ? $"partition {partition} offset {tally.FirstOffset}"
        : $"partition {partition} offsets {tally.FirstOffset}-{tally.LastOffset} ({tally.Records} records)";

    /// <summary>The options of the command as one value.</summary>
    private sealed class ProduceCommandOptions
    {
        public Option<string?> File { get; } = new("--file") { Description = "Read lines from this file ('-': standard input)", HelpName = "F" };

        public Option<string?> Key { get; } = new("--key") { Description = "The key of every record", HelpName = "K" };

        public Option<string?> Separator { get; } = new("--key-separator")
        {
            Description = "What stands before this text in a line is the key",
            HelpName = "S",
        };

        public Option<string[]> Header { get; } = new("--header")
        {
            Description = "A header of every record; may be given several times",
            HelpName = "k=v",
            Arity = ArgumentArity.OneOrMore,
        };

        public Option<long?> Partition { get; } = CommonOptions.Number("--partition", "Write to this partition", 0, PartitionMax);

        public Option<string> Acks { get; } = CommonOptions.Choice("--acks", "Who must have a record", "all", "all", "leader", "none");

        public Option<string> Compression { get; } = CommonOptions.Compression();

        public Option<long> BatchBytes { get; } = CommonOptions.Size("--batch-bytes", "Size of a batch at most", 256 << 10);

        public Option<TimeSpan> Linger { get; } = CommonOptions.Linger();

        public Option<bool> Json { get; } = CommonOptions.Json();

        public ServerOptions Server { get; } = new();

        public Symbol[] All =>
        [
            File, Key, Separator, Header, Partition, Acks, Compression, BatchBytes, Linger, Json, Server.Server, Server.Timeout,
        ];

        public RecordSource Source(ParseResult result) => new(
            result.GetValue(Key), result.GetValue(Separator), result.GetValue(Header) ?? [], (int?)result.GetValue(Partition));

        public ProducerOptions Producer(ParseResult result)
        {
            long batchBytes = result.GetValue(BatchBytes);
            if (batchBytes is < ClientLimits.BatchBytesMin or > ClientLimits.BatchBytesMax)
            {
                throw CliException.Usage(
                    $"--batch-bytes {batchBytes} is not allowed: {ClientLimits.BatchBytesMin} to {ClientLimits.BatchBytesMax}");
            }

            return new ProducerOptions
            {
                Acks = Enum.Parse<ProduceAcks>(result.GetRequiredValue(Acks), ignoreCase: true),
                Compression = CommonOptions.CodecOf(result.GetRequiredValue(Compression)),
                BatchBytes = (int)batchBytes,
                Linger = result.GetValue(Linger),
                DeliveryTimeout = result.GetValue(Server.Timeout),
            };
        }
    }
}

using System.CommandLine;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using FastLog.Broker;
using FastLog.Cli.CommandLine;
using FastLog.Cli.Consuming;
using FastLog.Cli.Producing;
using FastLog.Client;
using FastLog.Hosting;
using FastLog.Hosting.Configuration;
using FastLog.Primitives;
using FastLog.Records;

namespace FastLog.Cli.Commands;

/// <summary><c>fastlog demo</c>: the whole way of a record, in one command.</summary>
internal static class DemoCommand
{
    private const string Topic = "demo";
    private const int BuiltInLines = 100_000;

    public static Command Create()
    {
        var file = new Option<string?>("--file") { Description = "Move this file's lines (default: a built-in text)", HelpName = "F" };
        return CommandBuilder.Create("demo", "Start a broker, move a file through it line by line, compare, stop",
                "fastlog demo", "fastlog demo --file access.log")
            .With(file)
            .Does((result, token) => RunAsync(result.GetValue(file), token));
    }

    private static async Task<int> RunAsync(string? file, CancellationToken cancellationToken)
    {
        using var directory = TemporaryDirectory.CreateUnless(null);
        BrokerConfiguration configuration = BrokerConfiguration.Load(
            null,
            Environment.GetEnvironmentVariables(),
            [$"{ConfigSchema.DataDirectory.Name}={directory.Path}", $"{ConfigSchema.Listen.Name}=127.0.0.1:0"]);
        long started = Stopwatch.GetTimestamp();
        await using BrokerHost host = await BrokerHost.StartAsync(configuration, new TextBrokerLog(Console.Error, BrokerEventLevel.Warning));
        Tell($"broker on {host.Address}, data in {directory.Path} ({Milliseconds(started)})");
        await using FastLogClient client = FastLogClient.Connect(new ClientOptions { Servers = [host.Address.ToString()!] });
        await client.Admin.CreateTopicAsync(Topic, partitionCount: 1, cancellationToken: cancellationToken);
        Tell($"topic '{Topic}': 1 partition, flush=ack: an acknowledged record is on the device");
        using Stream input = file is null ? new MemoryStream(BuiltInText()) : new FileStream(file, FileMode.Open, FileAccess.Read);
        using var sentHash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var hashed = new HashingStream(input, sentHash);
        await ProduceAsync(client, hashed, cancellationToken);
        string received = await ConsumeAsync(client, !hashed.EndsWithLineFeed, cancellationToken);
        string sent = Convert.ToHexStringLower(sentHash.GetHashAndReset());
        if (sent != received)
            throw CliException.Failed($"what came back is not what was sent: sha256 {received} instead of {sent}");
        Tell($"compared: sha256 {sent}: the same, byte for byte");
        Console.Out.WriteLine("demo: everything arrived");
        return ExitCode.Done;
    }

    private static async Task ProduceAsync(FastLogClient client, Stream input, CancellationToken cancellationToken)
    {
        await using Producer producer = client.CreateProducer();
        TopicProducer topic = await producer.OpenTopicAsync(Topic, cancellationToken);
        var run = new ProduceRun(topic, new RecordSource(null, null, [], null));
        long started = Stopwatch.GetTimestamp();
        await run.RunAsync(input, _ => { }, cancellationToken);
        Tell($"produced {run.Tally.Acknowledged} records, {run.Bytes} bytes, all acknowledged ({Rate(run.Tally.Acknowledged, started)})");
    }

    private static async Task<string> ConsumeAsync(FastLogClient client, bool dropLastLineFeed, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long started = Stopwatch.GetTimestamp();
        long records = 0;
        await using (var output = new HashingStream(Stream.Null, hash) { DropLastByte = dropLastLineFeed })
        {
            using var printer = new RecordPrinter(output, RecordFormat.Value, "");
            await using Consumer consumer = await client.CreateConsumerAsync(
                new ConsumerOptions { Assignments = [new ConsumerAssignment(Topic, StartPosition.Earliest)], StopAtEnd = true },
                cancellationToken);
            while (await consumer.NextBatchAsync(cancellationToken) is { } batch)
            {
                using (batch)
                    records += Print(batch, printer);
            }

            printer.Flush();
        }

        Tell($"consumed {records} records ({Rate(records, started)})");
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static long Print(ConsumedBatch batch, RecordPrinter printer)
    {
        long records = 0;
        foreach (ref readonly RecordReader record in batch)
        {
            printer.Print(batch.Topic, batch.Partition, record);
            records++;
        }

        return records;
    }

    // Distinct lines of varying length, the same in every run.
    private static byte[] BuiltInText()
    {
        var prng = new Prng(1);
        var text = new StringBuilder();
        for (int i = 0; i < BuiltInLines; i++)
            text.Append("line ").Append(i).Append(' ').Append('x', (int)prng.Next(80)).Append('\n');
        return Encoding.ASCII.GetBytes(text.ToString());
    }

    private static string Milliseconds(long started) => $"{Stopwatch.GetElapsedTime(started).TotalMilliseconds:0} ms";

    private static string Rate(long records, long started)
    {
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        return $"{seconds:0.000} s, {records / seconds:0} records/s";
    }

    private static void Tell(string line) => Console.Out.WriteLine(line);
}

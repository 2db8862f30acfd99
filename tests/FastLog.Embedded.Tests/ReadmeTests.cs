using FastLog.Client;

namespace FastLog.Embedded.Tests;

/// <summary>README's example of an embedded log is the code below, and runs.</summary>
public sealed class ReadmeTests : IDisposable
{
    private const string Begin = "// README begins";
    private const string End = "// README ends";

    private readonly string _directory = Directory.CreateTempSubdirectory("fastlog-embedded-").FullName;
    private readonly StringWriter _written = new();

    public void Dispose()
    {
        _written.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task The_example_runs_and_goes_on_where_it_stopped()
    {
        await RunAsync(Path.Combine(_directory, "log"), _written);
        await RunAsync(Path.Combine(_directory, "log"), _written);
        Assert.Equal("0: 1 apple\n1: 1 apple\n", _written.ToString().ReplaceLineEndings("\n"));
    }

    [Fact]
    public void The_example_is_the_one_in_the_readme()
    {
        string source = File.ReadAllText(Find("tests/FastLog.Embedded.Tests/ReadmeTests.cs"));
        int from = source.IndexOf("        " + Begin, StringComparison.Ordinal) + 8 + Begin.Length;
        int to = source.IndexOf("        " + End, StringComparison.Ordinal);
        string readme = Normal(File.ReadAllText(Find("README.md")));
        Assert.Contains(Normal(source[from..to]), readme, StringComparison.Ordinal);
    }

    private static async Task RunAsync(string path, StringWriter output)
    {
        // README begins
        await using FastLogEmbedded log = FastLogEmbedded.Open(path);
        await using Producer producer = log.Client.CreateProducer();
        await producer.ProduceAsync("orders", new ProducerRecord("anna"u8.ToArray(), "1 apple"u8.ToArray()));

        await using Consumer consumer = await log.Client.CreateConsumerAsync(new ConsumerOptions
        {
            Assignments = [new ConsumerAssignment("orders", StartPosition.Earliest)],
            GroupId = "billing",
            StopAtEnd = true,
        });
        await foreach (ConsumedRecord record in consumer.ReadRecordsAsync())
            output.WriteLine($"{record.Offset}: {System.Text.Encoding.UTF8.GetString(record.Value!.Value.Span)}");
        // README ends
    }

    private static string Normal(string text) =>
        string.Join('\n', text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0));

    private static string Find(string path)
    {
        string? at = AppContext.BaseDirectory;
        while (at is not null && !File.Exists(Path.Combine(at, "FastLog.sln")))
            at = Path.GetDirectoryName(at);
        return Path.Combine(at!, path);
    }
}

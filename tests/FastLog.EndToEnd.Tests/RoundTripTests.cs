using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using FastLog.Primitives;
using FastLog.Records.Partitioning;

namespace FastLog.EndToEnd.Tests;

/// <summary>What goes in by 'fastlog produce' comes back by 'fastlog consume'.</summary>
public sealed class RoundTripTests
{
    [Fact]
    public async Task The_demo_says_that_everything_arrived()
    {
        FastlogResult demo = (await Fastlog.RunAsync("demo")).Expect(0);
        Assert.Contains("demo: everything arrived", demo.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_text_comes_back_byte_for_byte_from_one_partition()
    {
        byte[] text = Text(200_000);
        await using TestBroker broker = await TestBroker.StartAsync();
        (await broker.RunAsync("topic", "create", "text", "--partitions", "1")).Expect(0);
        (await broker.RunAsync(text, "produce", "text")).Expect(0);
        FastlogResult consumed = (await broker.RunAsync("consume", "text", "--from", "earliest")).Expect(0);
        Assert.Equal(Convert.ToHexString(SHA256.HashData(text)), Convert.ToHexString(SHA256.HashData(consumed.Output)));
    }

    [Fact]
    public async Task Eight_partitions_keep_every_line_and_the_order_inside_each()
    {
        byte[] text = Text(100_000);
        await using TestBroker broker = await TestBroker.StartAsync();
        (await broker.RunAsync("topic", "create", "text", "--partitions", "8")).Expect(0);
        FastlogResult produced = (await broker.RunAsync(text, "produce", "text", "--json")).Expect(0);
        using JsonDocument json = JsonDocument.Parse(produced.Output);
        Assert.Equal(100_000, json.RootElement.GetProperty("records").GetInt64());
        var all = new List<string>();
        for (int partition = 0; partition < 8; partition++)
        {
            FastlogResult part = (await broker.RunAsync("consume", "text", "--partition", Invariant(partition))).Expect(0);
            string[] lines = part.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            int[] numbers = [.. lines.Select(line => int.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture))];
            Assert.Equal(numbers.Order(), numbers);
            all.AddRange(lines);
        }

        string[] sent = Encoding.ASCII.GetString(text).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(sent.Order(StringComparer.Ordinal), all.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Keyed_lines_land_where_the_public_partitioner_puts_them()
    {
        await using TestBroker broker = await TestBroker.StartAsync();
        (await broker.RunAsync("topic", "create", "keyed", "--partitions", "8")).Expect(0);
        string text = string.Concat(Enumerable.Range(0, 1_000).Select(i => $"key-{i % 97}:value {i}\n"));
        (await broker.RunAsync(Encoding.ASCII.GetBytes(text), "produce", "keyed", "--key-separator", ":")).Expect(0);
        FastlogResult consumed = (await broker.RunAsync("consume", "keyed", "--format", "json")).Expect(0);
        string[] lines = consumed.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(1_000, lines.Length);
        foreach (string line in lines)
        {
            using JsonDocument record = JsonDocument.Parse(line);
            byte[] key = Encoding.ASCII.GetBytes(record.RootElement.GetProperty("key").GetString()!);
            PartitionId expected = KeyPartitioner.PartitionOf(key, 8);
            Assert.Equal(expected.Value, record.RootElement.GetProperty("partition").GetInt32());
        }
    }

    [Fact]
    public async Task Odd_lines_are_kept_as_they_are()
    {
        byte[] text = [.. "\n\r\nx\r\n"u8, 0xFF, 0xFE, (byte)'\n', .. "last without LF"u8];
        await using TestBroker broker = await TestBroker.StartAsync();
        (await broker.RunAsync("topic", "create", "odd")).Expect(0);
        (await broker.RunAsync(text, "produce", "odd")).Expect(0);
        FastlogResult consumed = (await broker.RunAsync("consume", "odd")).Expect(0);
        Assert.Equal([.. text, (byte)'\n'], consumed.Output);
        string json = (await broker.RunAsync("consume", "odd", "--format", "json", "--from", "3", "--max", "1")).Expect(0).Text;
        Assert.Contains("\"value\":{\"base64\":\"//4=\"}", json, StringComparison.Ordinal);
        Assert.Contains("\"key\":null", json, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Records_survive_a_stop_and_a_kill_of_the_broker()
    {
        string directory = Directory.CreateTempSubdirectory("fastlog-e2e-").FullName;
        await using (TestBroker broker = await TestBroker.StartAsync(directory, null, false))
        {
            (await broker.RunAsync("topic", "create", "kept")).Expect(0);
            (await broker.RunAsync("produce", "kept", "before the kill")).Expect(0);
        }

        await using (TestBroker broker = await TestBroker.StartAsync(directory, null, false))
        {
            (await broker.RunAsync("produce", "kept", "before the stop")).Expect(0);
            Assert.Equal(0, await broker.Process.TerminateAsync());
        }

        await using (TestBroker broker = await TestBroker.StartAsync(directory, null, true))
        {
            FastlogResult consumed = (await broker.RunAsync("consume", "kept")).Expect(0);
            Assert.Equal("before the kill\nbefore the stop\n", consumed.Text);
        }
    }

    private static string Invariant(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static byte[] Text(int lines)
    {
        var prng = new Prng(11);
        var text = new StringBuilder();
        for (int i = 0; i < lines; i++)
            text.Append(CultureInfo.InvariantCulture, $"line {i} ").Append('y', (int)prng.Next(60)).Append('\n');
        return Encoding.ASCII.GetBytes(text.ToString());
    }
}

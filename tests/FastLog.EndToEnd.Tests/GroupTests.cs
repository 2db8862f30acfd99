using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace FastLog.EndToEnd.Tests;

/// <summary><c>consume --group</c> and <c>fastlog group</c>, with brokers that are killed and readers that go.</summary>
public sealed class GroupTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_group_goes_on_where_it_stopped_also_after_a_kill_of_the_broker()
    {
        string directory = Directory.CreateTempSubdirectory("fastlog-e2e-").FullName;
        try
        {
            await using (TestBroker broker = await TestBroker.StartAsync(directory, null, ownsDirectory: false))
            {
                (await broker.RunAsync("topic", "create", "t", "--partitions", "2")).Expect(0);
                (await broker.RunAsync("a\nb\nc\n"u8.ToArray(), "produce", "t", "--partition", "1")).Expect(0);
                Assert.Equal("a\nb\n", (await broker.RunAsync("consume", "t", "--group", "g", "--max", "2")).Expect(0).Text);
            }

            // TestBroker kills: nothing was closed, nothing flushed that was not flushed before.
            await using (TestBroker broker = await TestBroker.StartAsync(directory, null, ownsDirectory: false))
            {
                Assert.Equal("c\n", (await broker.RunAsync("consume", "t", "--group", "g")).Expect(0).Text);
                Assert.Equal("", (await broker.RunAsync("consume", "t", "--group", "g")).Expect(0).Text);
                Assert.Equal("a\nb\nc\n", (await broker.RunAsync("consume", "t")).Expect(0).Text);
                (await broker.RunAsync("produce", "t", "d", "--partition", "1")).Expect(0);
                using JsonDocument told = JsonDocument.Parse((await broker.RunAsync("group", "describe", "g", "--json")).Expect(0).Text);
                JsonElement partition = told.RootElement.GetProperty("partitions").EnumerateArray()
                    .Single(one => one.GetProperty("partition").GetInt32() == 1);
                Assert.Equal(
                    (3, 4, 1),
                    (partition.GetProperty("offset").GetInt32(), partition.GetProperty("highWatermark").GetInt32(),
                        partition.GetProperty("lag").GetInt32()));
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task What_was_printed_counts_when_a_signal_ends_the_reading_or_the_reader_goes()
    {
        await using TestBroker broker = await TestBroker.StartAsync();
        (await broker.RunAsync("topic", "create", "t")).Expect(0);
        (await broker.RunAsync("produce", "t", "one")).Expect(0);
        using (Process follower = Follow(broker))
        {
            Assert.Equal("one", await follower.StandardOutput.ReadLineAsync().WaitAsync(Patience));
            using Process kill = Process.Start("kill", ["-TERM", follower.Id.ToString(CultureInfo.InvariantCulture)]);
            await follower.WaitForExitAsync().WaitAsync(Patience);
            Assert.Equal(0, follower.ExitCode);
        }

        (await broker.RunAsync("produce", "t", "two")).Expect(0);
        using (Process follower = Follow(broker))
        {
            Assert.Equal("two", await follower.StandardOutput.ReadLineAsync().WaitAsync(Patience));
            follower.StandardOutput.Close();
            (await broker.RunAsync("produce", "t", "three")).Expect(0);
            await follower.WaitForExitAsync().WaitAsync(Patience);
            Assert.Equal(1, follower.ExitCode);
        }

        Assert.Equal("three\n", (await broker.RunAsync("consume", "t", "--group", "g")).Expect(0).Text);
    }

    [Fact]
    public async Task Groups_are_listed_reset_and_deleted()
    {
        await using TestBroker broker = await TestBroker.StartAsync();
        (await broker.RunAsync("topic", "create", "t")).Expect(0);
        (await broker.RunAsync("a\nb\nc\n"u8.ToArray(), "produce", "t")).Expect(0);
        (await broker.RunAsync("group", "describe", "g")).ExpectError(1, "group 'g' has committed nothing");
        (await broker.RunAsync("consume", "t", "--group", "g")).Expect(0);
        Assert.Contains("g", (await broker.RunAsync("group", "list")).Expect(0).Text, StringComparison.Ordinal);
        (await broker.RunAsync("group", "reset", "g", "--topic", "t", "--to", "earliest", "--dry-run")).Expect(0);
        Assert.Equal("", (await broker.RunAsync("consume", "t", "--group", "g")).Expect(0).Text);
        (await broker.RunAsync("group", "reset", "g", "--topic", "t", "--to", "9")).ExpectError(1, "t/0 has 0 to 3");
        (await broker.RunAsync("group", "reset", "g", "--topic", "t", "--to", "1")).Expect(0);
        Assert.Equal("b\nc\n", (await broker.RunAsync("consume", "t", "--group", "g")).Expect(0).Text);
        (await broker.RunAsync("group", "delete", "g")).Expect(0);
        Assert.Equal("a\nb\nc\n", (await broker.RunAsync("consume", "t", "--group", "g")).Expect(0).Text);
        Assert.Equal("t", Assert.Single(Names((await broker.RunAsync("topic", "list", "--json")).Expect(0).Text)));
        Assert.Contains(
            "__committed_offsets", (await broker.RunAsync("topic", "list", "--include-internal")).Expect(0).Text,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_topic_is_changed_and_grows()
    {
        await using TestBroker broker = await TestBroker.StartAsync();
        (await broker.RunAsync("topic", "create", "t", "--partitions", "2", "--set", "segment.ms=1h")).Expect(0);
        (await broker.RunAsync("topic", "alter", "t", "--set", "flush=os", "--unset", "segment.ms")).Expect(0);
        (await broker.RunAsync("topic", "alter", "t")).ExpectError(2, "nothing to change");
        (await broker.RunAsync("topic", "alter", "t", "--set", "flsh=os")).ExpectError(1, "did you mean 'flush'");
        (await broker.RunAsync("topic", "add-partitions", "t", "--to", "3")).Expect(0);
        (await broker.RunAsync("topic", "add-partitions", "t", "--to", "2")).ExpectError(1, "never gets fewer");
        (await broker.RunAsync("topic", "add-partitions", "tt", "--to", "4")).ExpectError(1, "did you mean 't'");
        using JsonDocument told = JsonDocument.Parse((await broker.RunAsync("topic", "describe", "t", "--json")).Expect(0).Text);
        Assert.Equal(3, told.RootElement.GetProperty("partitions").GetArrayLength());
        Assert.Equal("os", told.RootElement.GetProperty("config").GetProperty("flush").GetString());
        Assert.Equal("604800000", told.RootElement.GetProperty("config").GetProperty("segment.ms").GetString());
    }

    [Fact]
    public async Task Records_are_deleted_below_an_offset()
    {
        await using TestBroker broker = await TestBroker.StartAsync();
        (await broker.RunAsync("topic", "create", "t")).Expect(0);
        foreach (string value in new[] { "a", "b", "c" })
            (await broker.RunAsync("produce", "t", value)).Expect(0);
        Assert.Equal(
            "partition 0 of topic 't' begins at offset 2\n",
            (await broker.RunAsync("topic", "delete-records", "t", "--partition", "0", "--before", "2")).Expect(0).Text);
        Assert.Equal("c\n", (await broker.RunAsync("consume", "t")).Expect(0).Text);
        (await broker.RunAsync("consume", "t", "--from", "1")).ExpectError(1, "2");
        (await broker.RunAsync("topic", "delete-records", "t", "--partition", "0", "--before", "4"))
            .ExpectError(1, "above the high watermark; the log has 2 to 3");
        (await broker.RunAsync("topic", "delete-records", "tt", "--partition", "0", "--before", "1")).ExpectError(1, "did you mean 't'");
        (await broker.RunAsync("topic", "delete-records", "t", "--before", "1")).ExpectError(2, "--partition");
    }

    private static string[] Names(string json)
    {
        using JsonDocument list = JsonDocument.Parse(json);
        return [.. list.RootElement.EnumerateArray().Select(topic => topic.GetProperty("name").GetString()!)];
    }

    private static Process Follow(TestBroker broker) => Process.Start(new ProcessStartInfo(
        Fastlog.Program, ["consume", "t", "--group", "g", "--follow", "--server", broker.Address])
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;
}

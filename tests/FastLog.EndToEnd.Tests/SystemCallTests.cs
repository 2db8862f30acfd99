using System.Globalization;
using System.Text.RegularExpressions;
using FastLog.Client;
using FastLog.Primitives;

namespace FastLog.EndToEnd.Tests;

/// <summary>What a serving broker asks of the kernel, counted by strace.</summary>
public sealed partial class SystemCallTests
{
    [NeedsToolFact("strace")]
    public async Task Sendfile_carries_nearly_all_bytes_of_large_fetches()
    {
        const int Records = 50_000;
        string directory = Directory.CreateTempSubdirectory("fastlog-e2e-").FullName;
        string trace = Path.Combine(directory, "trace");
        try
        {
            await using (TestBroker broker = await StartTracedAsync(directory, trace, "sendfile,sendto,sendmsg,writev,write"))
            {
                (await broker.RunAsync("topic", "create", "t", "--set", "flush=os")).Expect(0);
                (await broker.RunAsync("bench", "produce", "--topic", "t", "--records", Number(Records), "--size", "1000", "--warmup", "0s"))
                    .Expect(0);
                FastlogResult consumed = (await broker.RunAsync("consume", "t")).Expect(0);
                Assert.Equal(Records * 1_001, consumed.Output.Length);
                await broker.Process.TerminateAsync();
            }

            Dictionary<string, long> bytes = await SumAsync(trace);
            long all = bytes.Values.Sum();
            long sendfile = bytes.GetValueOrDefault("sendfile");
            Assert.True(all > Records * 1_000, $"the trace saw {all} bytes only");
            Assert.True(sendfile >= all * 0.95, $"sendfile carried {sendfile} of {all} bytes");
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [NeedsToolFact("strace")]
    public Task Producers_of_one_partition_share_their_flushes() => ShareFlushesAsync(partitions: 1);

    [NeedsToolFact("strace")]
    public Task Producers_of_many_partitions_share_their_flushes() => ShareFlushesAsync(partitions: 8);

    /// <summary>On the disk as it is, where a flush is shorter than a producer's way there and back.</summary>
    private static async Task ShareFlushesAsync(int partitions)
    {
        const int Producers = 64;
        const int Requests = 100;
        string directory = Directory.CreateTempSubdirectory("fastlog-e2e-").FullName;
        string trace = Path.Combine(directory, "trace");
        try
        {
            await using (TestBroker broker = await StartTracedAsync(directory, trace, "fdatasync"))
            {
                (await broker.RunAsync("topic", "create", "t", "--partitions", Number(partitions), "--set", "flush=ack")).Expect(0);
                await Task.WhenAll(Enumerable.Range(0, Producers).Select(i => ProduceAsync(broker.Address, i % partitions, Requests)));
                await broker.Process.TerminateAsync();
            }

            // Each producer waits for each record before it sends the next: as many requests as records.
            string[] lines = await LinesAsync(trace);
            int flushes = lines.Count(line => line.Contains("fdatasync(", StringComparison.Ordinal));
            Assert.True(flushes > 0, "the trace saw no fdatasync");
            Assert.True(flushes * 8 <= Producers * Requests, $"{flushes} fdatasync calls for {Producers * Requests} requests");
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task ProduceAsync(string server, int partition, int requests)
    {
        await using FastLogClient client = FastLogClient.Connect(new ClientOptions { Servers = [server] });
        await using Producer producer = client.CreateProducer(new ProducerOptions());
        TopicProducer topic = await producer.OpenTopicAsync("t");
        for (int i = 0; i < requests; i++)
            await await topic.SendAsync(new ProducerRecord(new byte[100]) { Partition = new PartitionId(partition) });
    }

    private static Task<TestBroker> StartTracedAsync(string directory, string trace, string calls, params string[] more) =>
        TestBroker.StartAsync(
            Path.Combine(directory, "data"),
            ["strace", "-D", "-f", "--seccomp-bpf", "-q", "-o", trace, "-e", $"trace={calls}", .. more],
            ownsDirectory: false);

    private static async Task<Dictionary<string, long>> SumAsync(string trace)
    {
        var sums = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (string line in await LinesAsync(trace))
        {
            Match call = Call().Match(line);
            if (call.Success)
                sums[call.Groups[1].Value] = sums.GetValueOrDefault(call.Groups[1].Value) + long.Parse(call.Groups[2].Value, CultureInfo.InvariantCulture);
        }

        return sums;
    }

    /// <summary>The whole trace: strace runs beside the broker (-D) and ends a moment after it.</summary>
    private static async Task<string[]> LinesAsync(string trace)
    {
        long end = Environment.TickCount64 + 20_000;
        while (true)
        {
            string[] lines = await File.ReadAllLinesAsync(trace);
            if (lines.Length > 0 && lines[^1].Contains("+++ exited", StringComparison.Ordinal))
                return lines;
            Assert.True(Environment.TickCount64 < end, "strace did not end");
            await Task.Yield();
        }
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    // "1234 sendfile(89, 91, [0] => [4096], 4096) = 4096", or the second half of a call that another thread interrupted.
    [GeneratedRegex(@"^\d+ +(?:<\.\.\. )?(\w+)[( ].* = (\d+)$")]
    private static partial Regex Call();
}

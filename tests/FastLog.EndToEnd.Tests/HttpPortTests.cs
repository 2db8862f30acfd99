namespace FastLog.EndToEnd.Tests;

/// <summary>The HTTP port of a real broker process: what its pages say is what was done.</summary>
public sealed class HttpPortTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_broker_tells_its_health_and_counts_what_clients_do()
    {
        await using TestBroker broker = await TestBroker.StartAsync("--http", "127.0.0.1:0");
        using var http = new HttpClient { BaseAddress = new Uri($"http://{await broker.Process.HttpAddress.WaitAsync(Patience)}"), Timeout = Patience };
        Assert.Equal("alive\n", await http.GetStringAsync("/livez"));
        (await broker.RunAsync("topic", "create", "t", "--partitions", "3")).Expect(0);
        (await broker.RunAsync("a\nb\nc\n"u8.ToArray(), "produce", "t")).Expect(0);
        (await broker.RunAsync("consume", "t")).Expect(0);
        (await broker.RunAsync("topic", "describe", "none")).Expect(1);
        Assert.Contains("[+]recovery ok", await http.GetStringAsync("/readyz"), StringComparison.Ordinal);
        string[] lines = (await http.GetStringAsync("/metrics")).Split('\n');
        foreach (string line in (string[])[
            "fastlog_ready 1",
            "fastlog_partitions{state=\"serving\"} 3",
            "fastlog_topic_offsets_total{topic=\"t\"} 3",
            "fastlog_broker_produced_records_total 3",
            "fastlog_broker_request_duration_seconds_count{api=\"Produce\"} 1",
            "fastlog_broker_refused_total{api=\"DescribeTopic\",error=\"UnknownTopic\"} 1",
        ])
        {
            Assert.Contains(line, lines);
        }

        Assert.DoesNotContain("fastlog_broker_fetched_bytes_total 0", lines);
        Assert.DoesNotContain("fastlog_storage_flush_duration_seconds_count 0", lines);
        Assert.Equal(0, await broker.Process.TerminateAsync().WaitAsync(Patience));
    }

    [Fact]
    public async Task An_idle_broker_with_its_HTTP_port_stays_under_80_MB()
    {
        await using TestBroker broker = await TestBroker.StartAsync("--http", "127.0.0.1:0");
        using var http = new HttpClient { BaseAddress = new Uri($"http://{await broker.Process.HttpAddress.WaitAsync(Patience)}"), Timeout = Patience };
        for (int i = 0; i < 20; i++)
            await http.GetStringAsync("/metrics");
        Assert.InRange(broker.Process.ResidentBytes, 1, 80_000_000);
    }
}

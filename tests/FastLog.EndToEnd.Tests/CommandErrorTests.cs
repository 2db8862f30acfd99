using System.Net;
using System.Net.Sockets;
using System.Text;

namespace FastLog.EndToEnd.Tests;

/// <summary>Each way of going wrong ends in one clear line and the right exit code.</summary>
public sealed class CommandErrorTests
{
    [Fact]
    public async Task Wrong_usage_is_told_in_one_line_with_exit_code_2()
    {
        (await Fastlog.RunAsync("topc", "list")).ExpectError(2, "unknown command 'topc'", "did you mean 'topic'?");
        (await Fastlog.RunAsync()).ExpectError(2, "needs a command");
        (await Fastlog.RunAsync("produce")).ExpectError(2, "TOPIC");
        (await Fastlog.RunAsync("consume", "t", "--form", "latest")).ExpectError(2, "--form");
        (await Fastlog.RunAsync("consume", "t", "--from", "yesterday")).ExpectError(2, "--from 'yesterday' is not allowed");
        (await Fastlog.RunAsync("produce", "t", "--batch-bytes", "64 parsecs")).ExpectError(2, "is no size");
        (await Fastlog.RunAsync("produce", "t", "v", "--acks", "most")).ExpectError(2, "--acks 'most' is not allowed");
        (await Fastlog.RunAsync("topic", "create", "t", "--partitions", "0")).ExpectError(2, "--partitions '0'");
        (await Fastlog.RunAsync("topic", "list", "--timeout", "5 weeks")).ExpectError(2, "is no duration");
        (await Fastlog.RunAsync("topic", "list", "--timeout", "0ms")).ExpectError(2, "--timeout '0ms' is not allowed: 1ms to");
        (await Fastlog.RunAsync("topic", "list", "--timeout", "100d")).ExpectError(2, "--timeout '100d' is not allowed");
        (await Fastlog.RunAsync("produce", "t", "v", "--linger", "2m")).ExpectError(2, "--linger '2m' is not allowed");
        (await Fastlog.RunAsync("consume", "t", "--group", "")).ExpectError(2, "--group '' is not allowed");
        (await Fastlog.RunAsync("topic", "list", "--server", "nowhere")).ExpectError(2, "HOST:PORT");
        (await Fastlog.RunAsync("serve", "--set", "broker.nodeid2=1")).ExpectError(2, "unknown setting", "did you mean 'broker.nodeId'?");
    }

    [Fact]
    public async Task Help_has_an_example_on_every_level()
    {
        foreach (string[] command in (string[][])[[], ["topic"], ["topic", "create"], ["produce"], ["bench", "produce"], ["serve"]])
        {
            FastlogResult help = (await Fastlog.RunAsync([.. command, "--help"])).Expect(0);
            Assert.Contains("Examples:", help.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task No_server_gives_exit_code_3()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        string nobody = listener.LocalEndpoint.ToString()!;
        listener.Stop();
        (await Fastlog.RunAsync("topic", "list", "--server", nobody, "--timeout", "2s")).ExpectError(3, nobody);
        (await Fastlog.RunAsync("consume", "t", "--server", nobody, "--timeout", "2s")).ExpectError(3, nobody);
        (await Fastlog.RunAsync("produce", "t", "v", "--server", nobody, "--timeout", "2s")).ExpectError(3, nobody);
    }

    [Fact]
    public async Task A_server_that_never_answers_gives_exit_code_3()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        string silent = listener.LocalEndpoint.ToString()!;
        (await Fastlog.RunAsync("topic", "list", "--server", silent, "--timeout", "1s")).ExpectError(3);
    }

    [Fact]
    public async Task Topics_that_are_missing_or_misnamed_are_explained()
    {
        await using TestBroker broker = await TestBroker.StartAsync();
        (await broker.RunAsync("topic", "create", "orders")).Expect(0);
        (await broker.RunAsync("consume", "ordrs")).ExpectError(
            1, "topic 'ordrs' does not exist", "did you mean 'orders'?", "create it with: fastlog topic create ordrs");
        (await broker.RunAsync("produce", "ordrs", "x")).ExpectError(1, "does not exist");
        (await broker.RunAsync("topic", "describe", "nothing-like-it")).ExpectError(1, "does not exist", "create it with");
        (await broker.RunAsync("topic", "delete", "ordrs")).ExpectError(1, "does not exist");
        (await broker.RunAsync("offsets", "ordrs")).ExpectError(1, "does not exist");
        (await broker.RunAsync("topic", "create", "orders")).ExpectError(1, "orders", "exists");
        (await broker.RunAsync("topic", "create", "orders", "--if-not-exists")).Expect(0);
        (await broker.RunAsync("topic", "create", "no/slash")).ExpectError(1, "topic name");
        (await broker.RunAsync("topic", "create", "..")).ExpectError(1);
        (await broker.RunAsync("topic", "create", "x", "--set", "segment.byts=1MiB")).ExpectError(1, "segment.byts", "did you mean 'segment.bytes'?");
        (await broker.RunAsync("topic", "create", "x", "--set", "flush=sometimes")).ExpectError(1, "flush", "sometimes");
        (await broker.RunAsync("topic", "create", "x", "--replicas", "3")).ExpectError(1, "replica");
        (await broker.RunAsync("consume", "orders", "--partition", "1")).ExpectError(1, "no partition 1");
        (await broker.RunAsync("produce", "orders", "x", "--partition", "1")).ExpectError(1, "no partition 1");
        (await broker.RunAsync("consume", "orders", "--from", "5", "--partition", "0")).ExpectError(1, "5", "0");
    }

    [Fact]
    public async Task A_line_without_its_key_separator_is_named_and_what_came_before_stays()
    {
        await using TestBroker broker = await TestBroker.StartAsync();
        (await broker.RunAsync("topic", "create", "keyed")).Expect(0);
        byte[] text = Encoding.ASCII.GetBytes("a:1\nb:2\nnone\nc:3\n");
        (await broker.RunAsync(text, "produce", "keyed", "--key-separator", ":")).ExpectError(
            1, "line 3", "2 records were acknowledged");
        Assert.Equal("1\n2\n", (await broker.RunAsync("consume", "keyed")).Expect(0).Text);
    }

    [Fact]
    public async Task A_used_port_and_a_used_data_directory_are_told_in_one_line()
    {
        await using TestBroker broker = await TestBroker.StartAsync();
        string other = Directory.CreateTempSubdirectory("fastlog-e2e-").FullName;
        try
        {
            (await Fastlog.RunAsync("serve", "--data", other, "--listen", broker.Address)).ExpectError(1, broker.Address, "--listen");
            (await Fastlog.RunAsync("serve", "--data", broker.Directory, "--listen", "127.0.0.1:0")).ExpectError(
                1, broker.Directory, "in use");
        }
        finally
        {
            Directory.Delete(other, recursive: true);
        }

        (await broker.RunAsync("topic", "list")).Expect(0);
    }
}

using System.Net.Sockets;
using System.Text.Json;
using FastLog.Client;

namespace FastLog.EndToEnd.Tests;

/// <summary>
/// Peers that lie, dawdle or flood get a typed error or are closed with a reason in the log, while a healthy client goes on
/// and the broker's memory stays bounded.
/// </summary>
public sealed class HostileClientTests
{
    // The promise is 256 MiB; the rest is margin.
    private const long GrowthMax = 224L << 20;
    private const int FrameTooLarge = 3;
    private const int InvalidFrame = 2;
    private const int HelloRequired = 4;
    private const int InvalidRequest = 7;

    [Fact]
    public async Task Malformed_frames_get_a_typed_error_and_the_connection_is_closed_with_a_reason_in_the_log()
    {
        await using TestBroker broker = await TestBroker.StartAsync();
        byte[] wrongCrc = HostilePeer.Frame(HostilePeer.Metadata, new byte[14]);
        wrongCrc[28] ^= 1;
        byte[] random = new byte[5_000];
        new Random(3).NextBytes(random);
        random[0] = 0x7F;
        byte[] hugeTags = HostilePeer.Frame(HostilePeer.Metadata, new byte[14], tags: new byte[5_000]);
        foreach (bool hello in (bool[])[false, true])
        {
            await ExpectClosedAsync(broker, hello, [0xFF, 0xFF, 0xFF, 0xFF, 0xF1, 1], FrameTooLarge);
            await ExpectClosedAsync(broker, hello, [0, 0, 0, 3, 0xF1, 1, 0, 0], InvalidFrame);
            await ExpectClosedAsync(broker, hello, random, FrameTooLarge);
            await ExpectClosedAsync(broker, hello, wrongCrc, InvalidFrame);
            await ExpectClosedAsync(broker, hello, hugeTags, InvalidFrame);
        }

        await ExpectClosedAsync(broker, hello: false, HostilePeer.Frame(HostilePeer.Metadata, new byte[14]), HelloRequired);
        using HostilePeer cut = await HostilePeer.ConnectAsync(broker.Address, hello: true);
        await cut.SendAsync(wrongCrc.AsMemory(0, 20));
        cut.Socket.Shutdown(SocketShutdown.Send);
        Assert.Null(await cut.ReadFrameAsync());
        foreach (string reason in (string[])["FrameTooLarge", "TooSmall", "ChecksumMismatch", "BadSizes", "hello", "Truncated"])
            await LoggedAsync(broker, reason);
    }

    [Fact]
    public async Task Lies_in_a_request_get_a_typed_error_and_the_connection_goes_on()
    {
        await using TestBroker broker = await TestBroker.StartAsync();
        string id = await CreateAsync(broker, "t");
        using HostilePeer peer = await HostilePeer.ConnectAsync(broker.Address, hello: true);
        byte[][] lies =
        [
            HostilePeer.Frame(HostilePeer.Metadata, [0, 0xFF, 0xFF, 0xFF, 0xFF]),
            HostilePeer.Frame(HostilePeer.Fetch, [.. new byte[12], 0, 4, 0, 0, .. new byte[60]]),
            HostilePeer.Frame(HostilePeer.Produce, HostilePeer.ProduceBody(2, id, 500), new byte[100]),
            HostilePeer.Frame(HostilePeer.Produce, HostilePeer.ProduceBody(2, id, 50), new byte[100]),
            HostilePeer.Frame(HostilePeer.Produce, HostilePeer.ProduceBody(2, id, -1), new byte[100]),
            HostilePeer.Frame(HostilePeer.Produce, HostilePeer.ProduceBody(2, id, 0)),
        ];
        foreach (byte[] lie in lies)
        {
            await peer.SendAsync(lie);
            Assert.Equal(InvalidRequest, (await peer.ReadErrorAsync()).Code);
        }

        // A batch that is none: the request is answered, its partition is refused.
        await peer.SendAsync(HostilePeer.Frame(HostilePeer.Produce, HostilePeer.ProduceBody(2, id, 100), new byte[100]));
        byte[] answer = (await peer.ReadFrameAsync())!;
        Assert.Equal(2, answer[5]);
        Assert.Equal("", (await broker.RunAsync("consume", "t")).Expect(0).Text);
    }

    [Fact]
    public async Task A_healthy_client_goes_on_beside_hoarders_floods_and_idlers_and_memory_stays_bounded()
    {
        await using TestBroker broker = await TestBroker.StartAsync("--set", "network.connectionsPerAddressMax=5000");
        string id = await CreateAsync(broker, "t", "--set", "flush=os");
        (await broker.RunAsync("topic", "create", "healthy")).Expect(0);
        (await broker.RunAsync("bench", "produce", "--topic", "t", "--records", "30000", "--size", "1000", "--warmup", "0s")).Expect(0);
        long idle = broker.Process.ResidentBytes;
        var peers = new List<HostilePeer>();
        await using FastLogClient client = FastLogClient.Connect(new ClientOptions { Servers = [broker.Address] });
        await using Producer producer = client.CreateProducer(new ProducerOptions { DeliveryTimeout = TimeSpan.FromSeconds(20) });
        TopicProducer topic = await producer.OpenTopicAsync("healthy");
        try
        {
            await AttackAsync(broker, peers, 60, peer => peer.SendWhatFits(
                HostilePeer.Frame(HostilePeer.Fetch, HostilePeer.FetchBody(id, 0, 0)), 1_000));
            await StillHealthyAsync(broker, topic, idle, "peers that never read their fetches");
            await AttackAsync(broker, peers, 60, peer => peer.SendWhatFits(
                HostilePeer.Frame(HostilePeer.Metadata, [1, .. new byte[8], 0]), 20_000));
            await StillHealthyAsync(broker, topic, idle, "peers that never read their answers");
            byte[] large = HostilePeer.Frame(HostilePeer.Produce, HostilePeer.ProduceBody(2, id, 8 << 20), new byte[8 << 20]);
            await HoardAsync(broker, peers, 60, large.AsMemory(0, large.Length - 100));
            await StillHealthyAsync(broker, topic, idle, "large frames half sent");
            await AttackAsync(broker, peers, 60, peer => peer.SendWhatFits(
                HostilePeer.Frame(HostilePeer.Fetch, HostilePeer.FetchBody(id, 60_000, 30_000)), 500));
            await StillHealthyAsync(broker, topic, idle, "long polls");
            byte[] oneWay = HostilePeer.Frame(HostilePeer.Produce, HostilePeer.ProduceBody(0, id, 1_000), new byte[1_000], kind: 4);
            await AttackAsync(broker, peers, 8, peer => peer.SendWhatFits(oneWay, 20_000));
            await StillHealthyAsync(broker, topic, idle, "a flood of records that nobody waits for");
            for (int i = 0; i < 1_100; i++)
                peers.Add(await HostilePeer.ConnectAsync(broker.Address, hello: false));
            await StillHealthyAsync(broker, topic, idle, "idle connections");
        }
        finally
        {
            foreach (HostilePeer peer in peers)
                peer.Dispose();
        }

        await StillHealthyAsync(broker, topic, idle, "all of them gone");
        Assert.Equal(0, await broker.Process.TerminateAsync());
    }

    private static async Task AttackAsync(TestBroker broker, List<HostilePeer> peers, int count, Action<HostilePeer> attack)
    {
        for (int i = 0; i < count; i++)
        {
            HostilePeer peer = await HostilePeer.ConnectAsync(broker.Address, hello: true);
            peers.Add(peer);
            attack(peer);
        }
    }

    /// <summary>Every peer sends its frame's bytes as fast as the broker takes them, and not the last ones.</summary>
    private static async Task HoardAsync(TestBroker broker, List<HostilePeer> peers, int count, ReadOnlyMemory<byte> bytes)
    {
        var hoarders = new (HostilePeer Peer, int Sent)[count];
        for (int i = 0; i < count; i++)
        {
            HostilePeer peer = await HostilePeer.ConnectAsync(broker.Address, hello: true);
            peers.Add(peer);
            hoarders[i] = (peer, 0);
        }

        // Until the broker has stopped to take any: its budget is spent.
        long lastTaken = Environment.TickCount64;
        while (Environment.TickCount64 - lastTaken < 1_000)
        {
            for (int i = 0; i < count; i++)
            {
                (HostilePeer peer, int sent) = hoarders[i];
                int taken = peer.SendWhatFits(bytes.Span[sent..], 1);
                hoarders[i] = (peer, sent + taken);
                if (taken > 0)
                    lastTaken = Environment.TickCount64;
            }

            await Task.Yield();
        }
    }

    private static async Task StillHealthyAsync(TestBroker broker, TopicProducer topic, long idle, string beside)
    {
        for (int i = 0; i < 20; i++)
            await (await topic.SendAsync(new ProducerRecord(new byte[100]))).AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        long grown = broker.Process.ResidentBytes - idle;
        Assert.True(grown < GrowthMax, $"beside {beside} memory grew by {grown >> 20} MiB");
    }

    private static async Task<string> CreateAsync(TestBroker broker, string topic, params string[] more)
    {
        FastlogResult made = (await broker.RunAsync(["topic", "create", topic, "--json", .. more])).Expect(0);
        using JsonDocument json = JsonDocument.Parse(made.Output);
        return json.RootElement.GetProperty("id").GetString()!;
    }

    private static async Task ExpectClosedAsync(TestBroker broker, bool hello, byte[] bytes, int code)
    {
        using HostilePeer peer = await HostilePeer.ConnectAsync(broker.Address, hello);
        await peer.SendAsync(bytes);
        Assert.Equal(code, (await peer.ReadErrorAsync()).Code);
        Assert.Null(await peer.ReadFrameAsync());
    }

    private static async Task LoggedAsync(TestBroker broker, string reason)
    {
        long end = Environment.TickCount64 + 10_000;
        while (!broker.Process.ErrorText.Contains(reason, StringComparison.Ordinal))
        {
            Assert.True(Environment.TickCount64 < end, $"the log does not say {reason}: {broker.Process.ErrorText}");
            await Task.Yield();
        }
    }
}

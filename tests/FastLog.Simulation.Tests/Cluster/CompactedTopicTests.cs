using System.Net;
using System.Text;
using FastLog.Broker;
using FastLog.Client;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Messages;
using FastLog.Records;
using FastLog.Simulator;
using FastLog.Storage;
using FastLog.Transport.Network;

namespace FastLog.Simulation.Tests;

/// <summary>A whole broker and client: a compacted topic is written, compacted in the background and read from its start.</summary>
public class CompactedTopicTests
{
    private const string Topic = "profiles";
    private const int Keys = 40;
    private const int Records = 8_000;
    private static readonly IPEndPoint Address = new(IPAddress.Loopback, 9500);

    [Theory]
    [InlineData(1, Codec.None)]
    [InlineData(2, Codec.Gzip)]
    public void A_consumer_steps_over_what_is_gone_and_gets_the_last_value_of_each_key(ulong seed, Codec codec)
    {
        var scheduler = new SimulatedScheduler(seed);
        var disk = new SimulatedDisk(seed);
        var network = new SimulatedNetwork(scheduler, new SimulatedNetworkOptions());
        SimulatedProcess server = scheduler.CreateProcess("broker");
        Task<BrokerNode> starting = StartAsync(server, disk, network.Attach(server, "broker-1"));
        scheduler.RunUntil(() => starting.IsCompleted, "the broker has not started");
        SimulatedProcess process = scheduler.CreateProcess("client");
        INetwork clientNetwork = network.Attach(process, "client-1");
        Task work = process.Start(() => UseAsync(process.Ports, clientNetwork, new Prng(seed), codec));
        scheduler.RunUntil(() => work.IsCompleted, "the client has not ended", TimeSpan.FromMinutes(30));
        Assert.True(work.IsCompletedSuccessfully, $"seed {seed}: {work.Exception}");
    }

    private static Task<BrokerNode> StartAsync(SimulatedProcess process, SimulatedDisk disk, INetwork network)
    {
        var started = new TaskCompletionSource<BrokerNode>();
        _ = process.Start(async () =>
        {
            var options = new BrokerOptions
            {
                DataPath = "/data",
                ListenAddress = Address,
                Compaction = new CompactionOptions { Interval = TimeSpan.FromSeconds(1) },
            };
            started.SetResult(await BrokerNode.StartAsync(disk.Attach(), network, process.Ports, options));
        });
        return started.Task;
    }

    private static async Task UseAsync(RuntimePorts ports, INetwork network, Prng random, Codec codec)
    {
        var options = new ClientOptions { Servers = [$"{Address.Address}:{Address.Port}"] };
        await using FastLogClient client = FastLogClient.Connect(options, network, ports);
        await client.Admin.CreateTopicAsync(
            Topic,
            1,
            configs:
            [
                new ConfigEntry("cleanup.policy", "compact"),
                new ConfigEntry("segment.bytes", "64KiB"),
                new ConfigEntry("min.cleanable.dirty.ratio", "0.1"),
            ]);
        var last = new Dictionary<string, string?>();
        await using Producer producer = client.CreateProducer(new ProducerOptions { Compression = codec, BatchBytes = 4_096 });
        for (int i = 0; i < Records; i++)
        {
            string key = $"key-{random.Next(Keys)}";
            string? value = random.Next(10) == 0 ? null : $"{i}-{new string('x', (int)random.Next(100))}";
            await producer.SendAsync(Topic, new ProducerRecord(Bytes(key), value is null ? (ReadOnlyMemory<byte>?)null : Bytes(value)));
            last[key] = value;

            // Several requests: one is appended to one segment, whatever its size.
            if (i % 200 == 0)
                await producer.FlushAsync();
        }

        await producer.FlushAsync();
        FastLogException refused = await Assert.ThrowsAnyAsync<FastLogException>(
            async () => await await producer.SendAsync(Topic, new ProducerRecord((ReadOnlyMemory<byte>?)null, Bytes("no key"))));
        Assert.Equal(ErrorCode.KeyMissing, refused.Code);
        await ports.Timers.DelayAsync(TimeSpan.FromSeconds(20), CancellationToken.None);
        var seen = new Dictionary<string, string?>();
        int count = 0;
        await using Consumer consumer = await client.CreateConsumerAsync(new ConsumerOptions
        {
            Assignments = [new ConsumerAssignment(Topic, StartPosition.Earliest)],
            StopAtEnd = true,
        });
        while (await consumer.NextBatchAsync() is { } batch)
        {
            using (batch)
            {
                foreach (ref readonly RecordReader record in batch)
                {
                    seen[Encoding.UTF8.GetString(record.Key.Span)] =
                        record.Value.IsNull ? null : Encoding.UTF8.GetString(record.Value.Span);
                    count++;
                }
            }
        }

        Assert.Equal(last.OrderBy(pair => pair.Key, StringComparer.Ordinal), seen.OrderBy(pair => pair.Key, StringComparer.Ordinal));
        Assert.InRange(count, Keys, Records * 3 / 4);
    }

    private static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);
}

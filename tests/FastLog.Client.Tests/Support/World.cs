using System.Text;
using FastLog.Primitives;
using FastLog.Simulator;

namespace FastLog.Client.Tests;

/// <summary>
/// One simulated run: a scheduler, a network, a fake broker and a client, all on this thread in virtual time.
/// </summary>
internal sealed class World
{
    private World(ulong seed)
    {
        Scheduler = new SimulatedScheduler(seed);
        Network = new SimulatedNetwork(Scheduler, new SimulatedNetworkOptions());
        BrokerProcess = Scheduler.CreateProcess("broker");
        Broker = new FakeBroker(Network.Attach(BrokerProcess, "broker"), BrokerProcess.Ports);
    }

    public SimulatedScheduler Scheduler { get; }

    public SimulatedNetwork Network { get; }

    public SimulatedProcess BrokerProcess { get; }

    public FakeBroker Broker { get; }

    public List<string> Log { get; } = [];

    public ClientOptions Options { get; set; } = new() { Servers = ["broker:9500"] };

    public FastLogClient Client { get; private set; } = null!;

    public MonotonicTime Now => Scheduler.Now;

    public FakeTopic Topic { get; private set; } = null!;

    /// <summary>
    /// Runs the body with a broker that has the topic "t"; the seed is in the message of what it throws.
    /// </summary>
    public static void Run(Func<World, Task> body, int partitions = 1, ulong seed = 7, Action<World>? setUp = null)
    {
        var world = new World(seed);
        world.Topic = world.Broker.AddTopic("t", partitions);
        setUp?.Invoke(world);
        ClientLog log = (level, message, cause) => world.Note($"{level}: {message} {cause}");
        world.Options = world.Options with { Log = log };
        try
        {
            world.Scheduler.Run(async () =>
            {
                world.Broker.Start();
                world.Client = FastLogClient.Connect(world.Options, world.Network, world.Scheduler.Ports);
                await using (world.Client)
                    await body(world);
            });
        }
        catch (Exception cause) when (cause is not Xunit.Sdk.XunitException)
        {
            throw new InvalidOperationException(
                $"seed {seed}: {cause.Message}; log: {string.Join(" | ", world.Log)}", cause);
        }

        Assert.DoesNotContain(world.Log, static line => line.Contains("internal error", StringComparison.Ordinal));
    }

    private void Note(string line)
    {
        const int linesMax = 30;
        if (Log.Count < linesMax || line.StartsWith("Error", StringComparison.Ordinal))
            Log.Add(line);
    }

    public Task DelayAsync(int milliseconds) =>
        Scheduler.Ports.Timers.DelayAsync(TimeSpan.FromMilliseconds(milliseconds), CancellationToken.None);

    /// <summary>Waits, in virtual time, until the condition holds.</summary>
    public async Task UntilAsync(Func<bool> condition, string otherwise)
    {
        for (int i = 0; i < 100_000 && !condition(); i++)
            await Scheduler.Ports.Timers.DelayAsync(TimeSpan.FromMicroseconds(100), CancellationToken.None);
        Assert.True(condition(), otherwise);
    }

    public static ProducerRecord Record(string value, string? key = null, int? partition = null) =>
        new(key is null ? null : Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value)) // arrays: null stays null
        {
            Partition = partition is { } number ? new PartitionId(number) : null,
        };

    public static string Text(ReadOnlyMemory<byte>? bytes) => Encoding.UTF8.GetString(bytes!.Value.Span);

    public async Task<Consumer> ConsumeAsync(
        StartPosition start, bool stopAtEnd = true, Func<ConsumerOptions, ConsumerOptions>? change = null)
    {
        var options = new ConsumerOptions { Assignments = [new ConsumerAssignment("t", start)], StopAtEnd = stopAtEnd };
        return await Client.CreateConsumerAsync(change?.Invoke(options) ?? options);
    }

    public static async Task<List<string>> ReadAllAsync(Consumer consumer)
    {
        List<string> values = [];
        await foreach (ConsumedRecord record in consumer.ReadRecordsAsync())
            values.Add(Text(record.Value));
        return values;
    }
}

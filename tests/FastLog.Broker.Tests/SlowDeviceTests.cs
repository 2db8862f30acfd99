using FastLog.Broker.Tests.Support;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Frames;
using FastLog.Protocol.Messages;
using FastLog.Simulator;

namespace FastLog.Broker.Tests;

/// <summary>What clients see while the device is slow, fails or is full. In virtual time.</summary>
public sealed class SlowDeviceTests : IDisposable
{
    private const int InputOutputError = 5;
    private const int NoSpace = 28;

    private static readonly string[] Names = ["a", "b", "c", "z"];

    private readonly SimulatedWorld _world = new(seed: 23);

    public void Dispose() => _world.Dispose();

    [Fact]
    public Task Partitions_that_recover_answer_not_ready_and_those_asked_for_come_first() => _world.RunAsync(async () =>
    {
        var ids = new Dictionary<string, TopicId>(StringComparer.Ordinal);
        await using (BrokerNode before = await _world.StartAsync())
        {
            using TestClient maker = await _world.ConnectAsync(before);
            foreach (string name in Names)
            {
                ids[name] = await maker.CreateAsync(name);
                await maker.ProduceAsync(ids[name], Ask.Batch(_world.Ports.Clock.WallNow, name));
            }
        }

        // The first work is the topic file; the recovery of the first partition is held.
        var device = new HoldingExecutor(_world.Ports.BlockingExecutor) { PassFirst = 1 };
        await using BrokerNode broker = await _world.StartAsync(options => options with { RecoveryParallelism = 1 }, device);
        using TestClient client = await _world.ConnectAsync(broker);
        Assert.False(broker.Ready.IsCompleted);
        BrokerStatus recovering = broker.GetStatus();
        Assert.True(recovering.IsRecovering);
        Assert.Equal(new PartitionCounts(Waiting: 3, Opening: 1, Serving: 0, Fenced: 0, Failed: 0), recovering.Partitions);
        Assert.Equal(ErrorCode.NotReady, (await client.FetchAsync(ids["z"], 0)).Outcome.Error);
        MetadataResponse told = await client.AskAsync<MetadataRequest, MetadataResponse>(new MetadataRequest(true, [], [], false));
        Assert.All(told.Topics, topic => Assert.Equal(ErrorCode.NotReady, topic.Partitions[0].Error));
        while ((await client.FetchAsync(ids["z"], 0)).Outcome.Error == ErrorCode.NotReady)
        {
            await WaitAsync(() => device.Held > 0);
            device.ReleaseOne();
        }

        Assert.Equal(["z"], (await client.FetchAsync(ids["z"], 0)).Values);
        Assert.Equal(ErrorCode.NotReady, (await client.FetchAsync(ids["c"], 0)).Outcome.Error);
        await _world.Ports.Timers.DelayAsync(TimeSpan.FromSeconds(2), CancellationToken.None);
        device.Release();
        await broker.Ready;
        BrokerStatus ready = broker.GetStatus();
        Assert.False(ready.IsRecovering);
        Assert.Equal(Names, ready.Topics.Select(static topic => topic.Name));
        Assert.All(ready.Topics, static topic => Assert.Equal(1, topic.OffsetsGiven));
        string[] progress = [.. _world.Log.Events
            .Where(occurred => occurred.Kind == BrokerEventKind.Recovering)
            .Select(occurred => occurred.Message)];
        Assert.All(progress, message => Assert.StartsWith("3 of 4 partitions", message, StringComparison.Ordinal));
        Assert.InRange(progress.Length, 1, 3);
        foreach (string name in ids.Keys)
            Assert.Equal([name], (await client.FetchAsync(ids[name], 0)).Values);
    });

    [Fact]
    public Task A_produce_whose_time_is_over_hears_so_once_and_its_records_may_still_come() => _world.RunAsync(async () =>
    {
        var device = new HoldingExecutor(_world.Ports.BlockingExecutor);
        await using BrokerNode broker = await _world.StartAsync(blocking: device);
        using TestClient client = await _world.ConnectAsync(broker);
        TopicId topic = await client.CreateAsync("t");
        device.IsHolding = true;
        byte[] batch = Ask.Batch(_world.Ports.Clock.WallNow, "late");
        Reply reply = await client.AskAsync(
            Ask.Produce(topic, batch.Length), batch, HeaderTags.WithDeadline(TimeSpan.FromMilliseconds(70)));
        Assert.Equal(ErrorCode.DeadlineExceeded, reply.Error().Code);
        device.Release();
        Assert.Equal(["late"], (await client.FetchAsync(topic, 0, waitMs: 10_000)).Values);
        Assert.Equal(1, (await client.ProduceAsync(topic, batch)).BaseOffset.Value);
    });

    [Fact]
    public Task Sixty_four_producers_at_once_share_flushes() => _world.RunAsync(async () =>
    {
        const int producers = 64;
        const int each = 20;
        await using BrokerNode broker = await _world.StartAsync();
        using TestClient maker = await _world.ConnectAsync(broker);
        TopicId topic = await maker.CreateAsync("t");
        long flushes = 0;
        _world.RawDisk.BeforeOperation += operation => flushes += operation.Operation == DiskOperation.Flush ? 1 : 0;
        List<Task> running = [.. Enumerable.Range(0, producers).Select(_ => RunOneAsync())];
        foreach (Task task in running)
            await task;
        Assert.InRange(flushes, 1, producers * each / 8);
        Assert.Equal(producers * each, (await maker.FetchAsync(topic, 0)).Outcome.HighWatermark.Value);

        async Task RunOneAsync()
        {
            using TestClient client = await _world.ConnectAsync(broker);
            for (int i = 0; i < each; i++)
            {
                ProducePartitionResponse outcome = await client.ProduceAsync(
                    topic, Ask.Batch(_world.Ports.Clock.WallNow, "record"));
                Assert.Equal(Durability.ThisDisk, outcome.Durability);
            }
        }
    });

    [Fact]
    public Task After_a_failed_flush_nothing_is_acknowledged_and_the_cause_is_told() => _world.RunAsync(async () =>
    {
        await using BrokerNode broker = await _world.StartAsync();
        using TestClient client = await _world.ConnectAsync(broker);
        TopicId topic = await client.CreateAsync("t");
        byte[] batch = Ask.Batch(_world.Ports.Clock.WallNow, "kept");
        Assert.Equal(ErrorCode.None, (await client.ProduceAsync(topic, batch)).Error);
        _world.RawDisk.Faults.Fail(DiskOperation.Flush, InputOutputError);
        ProducePartitionResponse failed = await client.ProduceAsync(topic, batch);
        Assert.Equal(ErrorCode.LogFenced, failed.Error);
        ProducePartitionResponse later = await client.ProduceAsync(topic, batch);
        Assert.Equal(ErrorCode.LogFenced, later.Error);
        Assert.Contains("errno 5", later.ErrorMessage, StringComparison.Ordinal);
        Assert.Equal("kept", (await client.FetchAsync(topic, 0)).Values[0]);
        Assert.True(_world.Log.Has(BrokerEventKind.PartitionFenced));
        Assert.Equal(1, broker.GetStatus().Partitions.Fenced);
        Assert.Contains("t/0: ", broker.GetStatus().Problem, StringComparison.Ordinal);
    });

    [Fact]
    public Task A_full_disk_refuses_topics_with_a_typed_error_and_takes_them_when_there_is_room() => _world.RunAsync(async () =>
    {
        await using BrokerNode broker = await _world.StartAsync();
        using TestClient client = await _world.ConnectAsync(broker);
        _world.RawDisk.Faults.Fail(DiskOperation.Write, NoSpace, pathEnd: "topic-list.tmp");
        Reply refused = await client.AskAsync(new CreateTopicRequest("t", 1, 1, []));
        Assert.Equal(ErrorCode.DiskFull, refused.Error().Code);
        await client.CreateAsync("t");
    });

    [Fact]
    public Task A_partition_that_found_no_room_is_opened_when_there_is_some() => _world.RunAsync(async () =>
    {
        await using BrokerNode broker = await _world.StartAsync();
        using TestClient client = await _world.ConnectAsync(broker);
        _world.RawDisk.Faults.FailByChance(DiskOperation.CreateDirectory, NoSpace, chance: 1);
        TopicId topic = await client.CreateAsync("t");
        Assert.Equal(ErrorCode.DiskFull, (await client.FetchAsync(topic, 0)).Outcome.Error);
        _world.RawDisk.Faults.Clear();
        await _world.Ports.Timers.DelayAsync(BrokerLimits.OpenRetryDelay, CancellationToken.None);
        Assert.Equal(ErrorCode.DiskFull, (await client.FetchAsync(topic, 0)).Outcome.Error);
        await _world.Ports.Timers.DelayAsync(TimeSpan.FromSeconds(1), CancellationToken.None);
        byte[] batch = Ask.Batch(_world.Ports.Clock.WallNow, "room");
        Assert.Equal(ErrorCode.None, (await client.ProduceAsync(topic, batch)).Error);
    });

    [Fact]
    public Task A_partition_whose_device_failed_as_it_was_opened_is_opened_when_it_works_again() => _world.RunAsync(async () =>
    {
        await using BrokerNode broker = await _world.StartAsync();
        using TestClient client = await _world.ConnectAsync(broker);
        const int io = 5;
        _world.RawDisk.Faults.FailByChance(DiskOperation.CreateDirectory, io, chance: 1);
        TopicId topic = await client.CreateAsync("t");
        Assert.Equal(ErrorCode.LogFenced, (await client.FetchAsync(topic, 0)).Outcome.Error);
        _world.RawDisk.Faults.Clear();
        await _world.Ports.Timers.DelayAsync(BrokerLimits.OpenRetryDelay, CancellationToken.None);
        Assert.Equal(ErrorCode.LogFenced, (await client.FetchAsync(topic, 0)).Outcome.Error);
        await _world.Ports.Timers.DelayAsync(TimeSpan.FromSeconds(1), CancellationToken.None);
        byte[] batch = Ask.Batch(_world.Ports.Clock.WallNow, "works");
        Assert.Equal(ErrorCode.None, (await client.ProduceAsync(topic, batch)).Error);
    });

    private async Task WaitAsync(Func<bool> condition)
    {
        while (!condition())
            await _world.Ports.Timers.DelayAsync(TimeSpan.FromMicroseconds(100), CancellationToken.None);
    }
}

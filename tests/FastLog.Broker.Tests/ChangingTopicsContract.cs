using FastLog.Broker.Tests.Support;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Messages;

namespace FastLog.Broker.Tests;

/// <summary>Changes of topics over real sockets and files.</summary>
public sealed class RealChangingTopicsTests : ChangingTopicsContract
{
    internal override World Make() => new RealWorld();
}

/// <summary>The same on one thread in the simulator, and through power cuts.</summary>
public sealed class SimulatedChangingTopicsTests : ChangingTopicsContract
{
    internal override World Make() => new SimulatedWorld(seed: 12);

    /// <summary>Whatever a power cut leaves of a change is whole: what was answered is there, and all of it is served.</summary>
    [Fact]
    public void A_power_cut_at_any_disk_operation_of_a_change_leaves_the_topic_before_or_after_it()
    {
        int cuts = 0;
        int after = 0;
        for (int at = 1; at < 1000; at++)
        {
            bool isCut = CutOnce(at, out bool isChanged);
            if (!isCut)
                break;
            cuts++;
            after += isChanged ? 1 : 0;
        }

        Assert.True(cuts > 10, $"only {cuts} operations were cut");
        Assert.InRange(after, 1, cuts - 1);
    }

    private static bool CutOnce(int at, out bool isChanged)
    {
        using var world = new SimulatedWorld(seed: (ulong)at);
        bool isCut = false;
        int before = 0;
        int found = 0;
        bool isAnswered = false;
        bool isOver = false;
        Task body = world.RunAsync(async () =>
        {
            BrokerNode broker = await world.StartAsync();
            using (TestClient client = await world.ConnectAsync(broker))
            {
                await client.CreateAsync("t", 2);
                before = 2;
                long cutAt = world.RawDisk.OperationCount + at;
                world.RawDisk.BeforeOperation += operation =>
                {
                    if (operation.Number != cutAt || isCut || isOver)
                        return;
                    isCut = true;
                    world.RawDisk.PowerCut(new Prng((ulong)at));
                };
                Reply reply = await client.AskAsync(new AddPartitionsRequest(TopicReference.ByName("t"), 4));
                isOver = true;
                isAnswered = reply.Header.Kind == Protocol.Frames.FrameKind.Response;
            }

            await broker.StopAsync();
            await using BrokerNode next = await world.StartAsync();
            await next.Ready;
            using TestClient again = await world.ConnectAsync(next);
            DescribeTopicResponse told = await again.AskAsync<DescribeTopicRequest, DescribeTopicResponse>(
                new DescribeTopicRequest(TopicReference.ByName("t")));
            found = told.Partitions.Count;
            Assert.All(told.Partitions, partition => Assert.Equal(ErrorCode.None, partition.Error));
        });
        Assert.True(body.IsCompletedSuccessfully);
        Assert.True(found == 4 || (!isAnswered && found == before), $"{found} partitions, answered: {isAnswered}");
        isChanged = found == 4;
        return isCut;
    }
}

/// <summary>Topics that change: more partitions, other settings.</summary>
public abstract class ChangingTopicsContract
{
    internal abstract World Make();

    [Fact]
    public Task More_partitions_are_served_at_once_and_stay_and_the_records_are_where_they_were() => RunAsync(async world =>
    {
        TopicId id;
        await using (BrokerNode broker = await world.StartAsync())
        {
            using TestClient client = await world.ConnectAsync(broker);
            id = await client.CreateAsync("t", 2);
            await client.ProduceAsync(id, Ask.Batch(world.Ports.Clock.WallNow, "old"), partition: 1);
            AddPartitionsResponse grown = await client.AskAsync<AddPartitionsRequest, AddPartitionsResponse>(
                new AddPartitionsRequest(TopicReference.ByName("t"), 5));
            Assert.Equal(("t", id, 5), (grown.Name, grown.Id, grown.PartitionCount));
            Assert.Equal(ErrorCode.None, (await client.ProduceAsync(id, Ask.Batch(world.Ports.Clock.WallNow, "new"), partition: 4)).Error);
            MetadataResponse told = await client.AskAsync<MetadataRequest, MetadataResponse>(
                new MetadataRequest(false, ["t"], [], AllowAutoCreate: false));
            Assert.Equal([0, 1, 2, 3, 4], told.Topics[0].Partitions.Select(partition => partition.Partition.Value));
        }

        await using BrokerNode next = await world.StartAsync();
        await next.Ready;
        using TestClient again = await world.ConnectAsync(next);
        Assert.Equal(["old"], (await again.FetchAsync(id, 0, partition: 1)).Values);
        Assert.Equal(["new"], (await again.FetchAsync(id, 0, partition: 4)).Values);
        await again.AskAsync<DeleteTopicRequest, DeleteTopicResponse>(new DeleteTopicRequest(TopicReference.ById(id)));
    });

    [Theory]
    [InlineData("t", 3, ErrorCode.InvalidPartitionCount, "never gets fewer")]
    [InlineData("t", 4, ErrorCode.InvalidPartitionCount, "has 4 partitions")]
    [InlineData("t", 0, ErrorCode.InvalidPartitionCount, "never gets fewer")]
    [InlineData("t", 10_001, ErrorCode.InvalidPartitionCount, "at most 10000")]
    [InlineData("tt", 5, ErrorCode.UnknownTopic, "did you mean 't'")]
    public Task Fewer_as_many_or_too_many_partitions_are_refused_with_the_reason(
        string topic, int count, ErrorCode code, string words) => RunAsync(async world =>
        {
            await using BrokerNode broker = await world.StartAsync();
            using TestClient client = await world.ConnectAsync(broker);
            await client.CreateAsync("t", 4);
            ErrorResponse error = (await client.AskAsync(
                new AddPartitionsRequest(TopicReference.ByName(topic), count))).Error();
            Assert.Equal(code, error.Code);
            Assert.Contains(words, error.Message, StringComparison.Ordinal);
        });

    [Fact]
    public Task Settings_are_in_force_without_a_restart_and_after_one() => RunAsync(async world =>
    {
        TopicId id;
        byte[] large = Ask.Batch(world.Ports.Clock.WallNow, new string('x', 3_000));
        await using (BrokerNode broker = await world.StartAsync())
        {
            using TestClient client = await world.ConnectAsync(broker);
            id = await client.CreateAsync("t", 1, new ConfigEntry("segment.ms", "1h"));
            Assert.Equal(Durability.ThisDisk, (await client.ProduceAsync(id, large)).Durability);
            AlterTopicResponse altered = await client.AskAsync<AlterTopicRequest, AlterTopicResponse>(new AlterTopicRequest(
                TopicReference.ById(id), [new("max.message.bytes", "2KiB"), new("flush", "os")], ["segment.ms"]));
            Assert.Contains(new ConfigValue("flush", "os", ConfigSource.Topic), altered.Configs);
            Assert.Contains(new ConfigValue("segment.ms", "604800000", ConfigSource.Default), altered.Configs);
            Assert.Equal(ErrorCode.BatchTooLarge, (await client.ProduceAsync(id, large)).Error);
            byte[] small = Ask.Batch(world.Ports.Clock.WallNow, "s");
            Assert.Equal(Durability.PageCache, (await client.ProduceAsync(id, small)).Durability);
        }

        await using BrokerNode next = await world.StartAsync();
        await next.Ready;
        using TestClient again = await world.ConnectAsync(next);
        Assert.Equal(ErrorCode.BatchTooLarge, (await again.ProduceAsync(id, large)).Error);
        await again.AskAsync<AlterTopicRequest, AlterTopicResponse>(
            new AlterTopicRequest(TopicReference.ById(id), [], ["max.message.bytes", "flush"]));
        Assert.Equal(Durability.ThisDisk, (await again.ProduceAsync(id, large)).Durability);
    });

    [Theory]
    [InlineData("flush", "never", null, ErrorCode.InvalidConfig, "allowed: ack, interval or os")]
    [InlineData("flush.byte", "1KiB", null, ErrorCode.InvalidConfig, "did you mean 'flush.bytes'")]
    [InlineData(null, null, "flsh", ErrorCode.InvalidConfig, "did you mean 'flush'")]
    [InlineData("flush", "os", "flush", ErrorCode.InvalidConfig, "at once")]
    [InlineData(null, null, null, ErrorCode.InvalidRequest, "no setting")]
    public Task A_change_that_is_not_allowed_says_why_and_changes_nothing(
        string? key, string? value, string? unset, ErrorCode code, string words) => RunAsync(async world =>
        {
            await using BrokerNode broker = await world.StartAsync();
            using TestClient client = await world.ConnectAsync(broker);
            await client.CreateAsync("t", 1, new ConfigEntry("flush.ms", "5s"));
            var change = new AlterTopicRequest(
                TopicReference.ByName("t"),
                key is null ? [] : [new ConfigEntry("flush.ms", "7s"), new ConfigEntry(key, value!)],
                unset is null ? [] : [unset]);
            ErrorResponse error = (await client.AskAsync(change)).Error();
            Assert.Equal(code, error.Code);
            Assert.Contains(words, error.Message, StringComparison.Ordinal);
            DescribeTopicResponse told = await client.AskAsync<DescribeTopicRequest, DescribeTopicResponse>(
                new DescribeTopicRequest(TopicReference.ByName("t")));
            Assert.Contains(new ConfigValue("flush.ms", "5000", ConfigSource.Topic), told.Configs);
            Assert.Contains(new ConfigValue("flush", "ack", ConfigSource.Default), told.Configs);
        });

    private async Task RunAsync(Func<World, Task> body)
    {
        using World world = Make();
        await world.RunAsync(async () =>
        {
            await body(world);
            Assert.False(world.Log.Has(BrokerEventKind.RequestFailed));
        });
    }
}

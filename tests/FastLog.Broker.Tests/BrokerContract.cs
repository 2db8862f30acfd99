using FastLog.Broker.Tests.Support;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Frames;
using FastLog.Protocol.Messages;

namespace FastLog.Broker.Tests;

/// <summary>The contract of each message, over real sockets and files.</summary>
public sealed class RealBrokerTests : BrokerContract
{
    internal override World Make() => new RealWorld();
}

/// <summary>The same on one thread in the simulator.</summary>
public sealed class SimulatedBrokerTests : BrokerContract
{
    internal override World Make() => new SimulatedWorld(seed: 11);
}

/// <summary>What each message does, well and badly, wherever the broker runs.</summary>
public abstract class BrokerContract
{
    internal abstract World Make();

    [Fact]
    public Task Hello_tells_the_cluster_the_messages_and_the_limits() => With(async (world, broker) =>
    {
        using TestClient client = await world.ConnectAsync(broker, hello: false);
        HelloResponse hello = await client.AskAsync<HelloRequest, HelloResponse>(TestClient.Hello());
        Assert.Equal(broker.ClusterId, hello.ClusterId);
        Assert.Equal(broker.NodeId, hello.NodeId);
        Assert.Equal(MessageCatalog.Ranges, hello.Apis);
        Assert.True(hello.Limits.RequestsInFlightMax > 0);
        Reply second = await client.AskAsync(TestClient.Hello());
        Assert.Equal(ErrorCode.InvalidRequest, second.Error().Code);
        await client.AskAsync<ListTopicsRequest, ListTopicsResponse>(new ListTopicsRequest(false));
    });

    [Fact]
    public Task A_hello_that_expects_another_broker_is_refused_and_the_connection_closes() => With(async (world, broker) =>
    {
        using TestClient client = await world.ConnectAsync(broker, hello: false);
        Reply wrong = await client.AskAsync(TestClient.Hello() with { ClusterId = new Uid128(1, 2) });
        Assert.Equal(ErrorCode.WrongCluster, wrong.Error().Code);
        Assert.Null(await client.TryReceiveAsync());
        using TestClient other = await world.ConnectAsync(broker, hello: false);
        Reply node = await other.AskAsync(TestClient.Hello() with { NodeId = new NodeId(77) });
        Assert.Equal(ErrorCode.WrongNode, node.Error().Code);
    });

    [Fact]
    public Task Anything_before_hello_is_refused_and_the_connection_closes() => With(async (world, broker) =>
    {
        using TestClient client = await world.ConnectAsync(broker, hello: false);
        Reply reply = await client.AskAsync(new ListTopicsRequest(false));
        Assert.Equal(ErrorCode.HelloRequired, reply.Error().Code);
        Assert.Null(await client.TryReceiveAsync());
    });

    [Fact]
    public Task An_unknown_version_is_answered_with_the_known_ones() => With(async (world, broker) =>
    {
        using TestClient client = await world.ConnectAsync(broker);
        await client.SendAsync(new ListTopicsRequest(false), version: 9);
        ErrorResponse error = (await client.ReceiveAsync()).Error();
        Assert.Equal(ErrorCode.UnsupportedVersion, error.Code);
        Assert.Equal([new ApiRange(ApiKey.ListTopics, ApiVersion.One, ApiVersion.One)], error.Apis);
    });

    [Fact]
    public Task A_topic_is_made_listed_described_and_deleted() => With(async (world, broker) =>
    {
        using TestClient client = await world.ConnectAsync(broker);
        TopicId id = await client.CreateAsync("orders", 3, new ConfigEntry("flush", "os"), new ConfigEntry("segment.ms", "2h"),
            new ConfigEntry("retention.bytes", "-1"), new ConfigEntry("retention.ms", "3h"));
        await client.CreateAsync("invoices");
        ListTopicsResponse list = await client.AskAsync<ListTopicsRequest, ListTopicsResponse>(new ListTopicsRequest(false));
        Assert.Equal(["invoices", "orders"], list.Topics.Select(topic => topic.Name));
        DescribeTopicResponse told = await client.AskAsync<DescribeTopicRequest, DescribeTopicResponse>(
            new DescribeTopicRequest(TopicReference.ByName("orders")));
        Assert.Equal(id, told.Id);
        Assert.Equal([0, 1, 2], told.Partitions.Select(partition => partition.Partition.Value));
        Assert.All(told.Partitions, partition => Assert.Equal(ErrorCode.None, partition.Error));
        Assert.Contains(new ConfigValue("flush", "os", ConfigSource.Topic), told.Configs);
        Assert.Contains(new ConfigValue("segment.ms", "7200000", ConfigSource.Topic), told.Configs);
        Assert.Contains(new ConfigValue("retention.bytes", "-1", ConfigSource.Topic), told.Configs);
        Assert.Contains(new ConfigValue("retention.ms", "10800000", ConfigSource.Topic), told.Configs);
        Assert.Contains(new ConfigValue("min.insync.replicas", "1", ConfigSource.Default), told.Configs);
        DeleteTopicResponse gone = await client.AskAsync<DeleteTopicRequest, DeleteTopicResponse>(
            new DeleteTopicRequest(TopicReference.ById(id)));
        Assert.Equal("orders", gone.Name);
        Reply missing = await client.AskAsync(new DescribeTopicRequest(TopicReference.ByName("orders")));
        Assert.Equal(ErrorCode.UnknownTopic, missing.Error().Code);
    });

    [Theory]
    [InlineData("a/b", 1, 1, "flush", "ack", ErrorCode.InvalidTopicName, "U+002F")]
    [InlineData("..", 1, 1, "flush", "ack", ErrorCode.InvalidTopicName, "directory")]
    [InlineData("t", 10_001, 1, "flush", "ack", ErrorCode.InvalidPartitionCount, "10000")]
    [InlineData("t", 1, 3, "flush", "ack", ErrorCode.InvalidReplicationFactor, "alone")]
    [InlineData("t", 1, 1, "flush", "never", ErrorCode.InvalidConfig, "interval")]
    [InlineData("t", 1, 1, "segment.byte", "64MiB", ErrorCode.InvalidConfig, "did you mean 'segment.bytes'")]
    [InlineData("t", 1, 1, "retention.ms", "-2", ErrorCode.InvalidConfig, "-1 (for ever)")]
    [InlineData("t", 1, 1, "cleanup.policy", "compacted", ErrorCode.InvalidConfig, "compact,delete")]
    [InlineData("t", 1, 1, "min.cleanable.dirty.ratio", "1.5", ErrorCode.InvalidConfig, "0 to 1")]
    [InlineData("t", 1, 1, "preallocate", "true", ErrorCode.InvalidConfig, "not available in this version")]
    [InlineData("t", 1, 1, "min.insync.replicas", "2", ErrorCode.InvalidConfig, "allowed: 1")]
    public Task A_topic_that_cannot_be_made_says_what_is_wrong(
        string name, int partitions, int replicas, string key, string value, ErrorCode code, string words) =>
        With(async (world, broker) =>
        {
            using TestClient client = await world.ConnectAsync(broker);
            ErrorResponse error = (await client.AskAsync(
                new CreateTopicRequest(name, partitions, replicas, [new ConfigEntry(key, value)]))).Error();
            Assert.Equal(code, error.Code);
            Assert.Contains(words, error.Message, StringComparison.Ordinal);
        });

    [Fact]
    public Task A_name_in_use_is_refused() => With(async (world, broker) =>
    {
        using TestClient client = await world.ConnectAsync(broker);
        await client.CreateAsync("t");
        Reply again = await client.AskAsync(new CreateTopicRequest("t", 1, 1, []));
        Assert.Equal(ErrorCode.TopicAlreadyExists, again.Error().Code);
    });

    [Fact]
    public Task Metadata_names_the_broker_and_what_is_missing() => With(async (world, broker) =>
    {
        using TestClient client = await world.ConnectAsync(broker);
        TopicId id = await client.CreateAsync("orders", 2);
        MetadataResponse told = await client.AskAsync<MetadataRequest, MetadataResponse>(
            new MetadataRequest(false, ["orders", "ordres"], [id, new TopicId(new Uid128(7, 7))], AllowAutoCreate: true));
        Assert.Equal(broker.NodeId, Assert.Single(told.Brokers).Node);
        Assert.Equal(
            [ErrorCode.None, ErrorCode.UnknownTopic, ErrorCode.None, ErrorCode.UnknownTopicId],
            told.Topics.Select(topic => topic.Error));
        Assert.Contains("did you mean 'orders'", told.Topics[1].ErrorMessage, StringComparison.Ordinal);
        Assert.Equal(2, told.Topics[0].Partitions.Count);
        Reply both = await client.AskAsync(new MetadataRequest(true, ["orders"], [], false));
        Assert.Equal(ErrorCode.InvalidRequest, both.Error().Code);
    });

    [Fact]
    public Task A_broker_for_development_makes_missing_topics() => With(
        async (world, broker) =>
        {
            using TestClient client = await world.ConnectAsync(broker);
            MetadataResponse not = await client.AskAsync<MetadataRequest, MetadataResponse>(
                new MetadataRequest(false, ["fresh"], [], AllowAutoCreate: false));
            Assert.Equal(ErrorCode.UnknownTopic, not.Topics[0].Error);
            MetadataResponse wrong = await client.AskAsync<MetadataRequest, MetadataResponse>(
                new MetadataRequest(false, ["a/b", ""], [], AllowAutoCreate: false));
            Assert.All(wrong.Topics, topic => Assert.Equal(ErrorCode.InvalidTopicName, topic.Error));
            MetadataResponse made = await client.AskAsync<MetadataRequest, MetadataResponse>(
                new MetadataRequest(false, ["fresh", "b@d"], [], AllowAutoCreate: true));
            Assert.Equal([ErrorCode.None, ErrorCode.InvalidTopicName], made.Topics.Select(topic => topic.Error));
            Assert.Equal(3, made.Topics[0].Partitions.Count);
            Assert.All(made.Topics[0].Partitions, partition => Assert.Equal(ErrorCode.None, partition.Error));
        },
        options => options with { AutoCreateTopics = true, DefaultPartitionCount = 3 });

    [Fact]
    public Task Records_come_back_as_they_were_sent() => With(async (world, broker) =>
    {
        using TestClient client = await world.ConnectAsync(broker);
        TopicId topic = await client.CreateAsync("t");
        Timestamp now = world.Ports.Clock.WallNow;
        ProducePartitionResponse first = await client.ProduceAsync(topic, Ask.Batch(now, "a", "b", "c"));
        Assert.Equal((ErrorCode.None, 0L, 2L), (first.Error, first.BaseOffset.Value, first.LastOffset.Value));
        Assert.Equal(Durability.ThisDisk, first.Durability);
        ProducePartitionResponse second = await client.ProduceAsync(topic, Ask.Batch(now, "d"), acks: ProduceAcks.Leader);
        Assert.Equal((3L, Durability.PageCache), (second.BaseOffset.Value, second.Durability));
        (FetchPartitionResponse outcome, string[] values) = await client.FetchAsync(topic, 0, waitMs: 1000);
        Assert.Equal(ErrorCode.None, outcome.Error);
        Assert.Equal(["a", "b", "c"], values.Take(3));
        Assert.Equal(LogOffset.Zero, outcome.LogStart);
    });

    [Fact]
    public Task What_a_producer_gets_wrong_is_told_per_request_or_partition() => With(async (world, broker) =>
    {
        using TestClient client = await world.ConnectAsync(broker);
        TopicId topic = await client.CreateAsync("t", 2, new ConfigEntry("max.message.bytes", "1KiB"));
        byte[] good = Ask.Batch(world.Ports.Clock.WallNow, "x");
        byte[] bad = [.. good];
        bad[^1] ^= 1;
        Assert.Equal(ErrorCode.InvalidBatch, (await client.ProduceAsync(topic, bad)).Error);
        Assert.Equal(ErrorCode.UnknownPartition, (await client.ProduceAsync(topic, good, partition: 2)).Error);
        Assert.Equal(ErrorCode.UnknownTopicId, (await client.ProduceAsync(new TopicId(new Uid128(1, 1)), good)).Error);
        byte[] large = Ask.Batch(world.Ports.Clock.WallNow, new string('y', 2000));
        Assert.Equal(ErrorCode.BatchTooLarge, (await client.ProduceAsync(topic, large)).Error);
        var late = new Timestamp(world.Ports.Clock.WallNow.UnixMilliseconds + 7_200_000);
        Assert.Equal(ErrorCode.TimestampOutOfRange, (await client.ProduceAsync(topic, Ask.Batch(late, "x"))).Error);
        Reply none = await client.AskAsync(Ask.Produce(topic, good.Length, acks: ProduceAcks.None), good);
        Assert.Equal(ErrorCode.InvalidAcks, none.Error().Code);
        var part = new ProducePartitionRequest(new TopicPartition(topic, new(0)), good.Length);
        Reply twice = await client.AskAsync(
            new ProduceRequest(ProduceAcks.All, TimeSpan.Zero, new[] { part, part }), [.. good, .. good]);
        Assert.Equal(ErrorCode.InvalidRequest, twice.Error().Code);
        Reply nothing = await client.AskAsync(new ProduceRequest(ProduceAcks.All, TimeSpan.Zero, default));
        Assert.Equal(ErrorCode.InvalidRequest, nothing.Error().Code);
        ProducePartitionResponse last = await client.ProduceAsync(topic, good);
        Assert.Equal((ErrorCode.None, 0L), (last.Error, last.BaseOffset.Value));
    });

    [Fact]
    public Task One_request_appends_to_several_partitions_and_an_error_touches_only_its_own() => With(async (world, broker) =>
    {
        using TestClient client = await world.ConnectAsync(broker);
        TopicId topic = await client.CreateAsync("t", 3);
        byte[] batch = Ask.Batch(world.Ports.Clock.WallNow, "x");
        ProducePartitionRequest[] parts =
        [
            .. Numbers(2, 9, 0).Select(number => new ProducePartitionRequest(new TopicPartition(topic, new(number)), batch.Length)),
        ];
        Reply reply = await client.AskAsync(
            new ProduceRequest(ProduceAcks.All, TimeSpan.Zero, parts), [.. batch, .. batch, .. batch]);
        ProducePartitionResponse[] outcomes = reply.Read<ProduceResponse>().Partitions.ToArray();
        Assert.Equal([2, 9, 0], outcomes.Select(outcome => outcome.Partition.Partition.Value));
        Assert.Equal([ErrorCode.None, ErrorCode.UnknownPartition, ErrorCode.None], outcomes.Select(outcome => outcome.Error));
    });

    [Fact]
    public Task Pipelined_produces_land_in_the_order_in_which_they_were_sent() => With(async (world, broker) =>
    {
        using TestClient client = await world.ConnectAsync(broker);
        TopicId topic = await client.CreateAsync("t");
        string[] sent = [.. Enumerable.Range(0, 300).Select(number => $"record {number}")];
        var offsets = new List<long>();
        Task sending = SendAllAsync();
        foreach (string _ in sent)
            offsets.Add((await client.ReceiveAsync()).Read<ProduceResponse>().Partitions.Span[0].BaseOffset.Value);
        await sending;
        Assert.Equal(Enumerable.Range(0, sent.Length).Select(number => (long)number), offsets.Order());
        Assert.Equal(sent, (await client.FetchAsync(topic, 0)).Values);

        async Task SendAllAsync()
        {
            foreach (string value in sent)
            {
                byte[] batch = Ask.Batch(world.Ports.Clock.WallNow, value);
                await client.SendAsync(Ask.Produce(topic, batch.Length), batch);
            }
        }
    });

    [Fact]
    public Task Unconfirmed_produces_are_appended_and_never_answered() => With(async (world, broker) =>
    {
        using TestClient client = await world.ConnectAsync(broker);
        TopicId topic = await client.CreateAsync("t");
        byte[] batch = Ask.Batch(world.Ports.Clock.WallNow, "quiet");
        await client.SendAsync(Ask.Produce(topic, batch.Length, acks: ProduceAcks.None), batch, FrameKind.OneWay);
        await client.SendAsync(Ask.Produce(topic, batch.Length, acks: ProduceAcks.All), batch, FrameKind.OneWay);
        (FetchPartitionResponse _, string[] values) = await client.FetchAsync(topic, 0, waitMs: 30_000);
        Assert.Equal(["quiet"], values);
        ProducePartitionResponse next = await client.ProduceAsync(topic, batch);
        Assert.Equal(1, next.BaseOffset.Value);
    });

    [Fact]
    public Task A_waiting_fetch_is_woken_by_an_append() => With(async (world, broker) =>
    {
        using TestClient reader = await world.ConnectAsync(broker);
        using TestClient writer = await world.ConnectAsync(broker);
        TopicId topic = await writer.CreateAsync("t", 4);
        FetchPartitionRequest[] places = [.. Enumerable.Range(0, 4).Select(number => Ask.At(topic, 0, number))];
        MonotonicTime begun = world.Ports.Clock.Now;
        Task<Reply> waiting = reader.AskAsync(Ask.Fetch(60_000, 1, places));
        await writer.ProduceAsync(topic, Ask.Batch(world.Ports.Clock.WallNow, "wake"), partition: 2);
        Reply reply = await waiting;
        Assert.True(world.Ports.Clock.Now.Since(begun) < TimeSpan.FromSeconds(30));
        Assert.Equal(["wake"], Ask.Values(reply.Payload));
        FetchPartitionResponse[] outcomes = reply.Read<FetchResponse>().Partitions.ToArray();
        Assert.Equal([0, 1, 2, 3], outcomes.Select(outcome => outcome.Partition.Partition.Value));
        Assert.Equal([2], outcomes.Where(outcome => outcome.PayloadSize > 0).Select(outcome => outcome.Partition.Partition.Value));
    });

    [Fact]
    public Task A_fetch_that_finds_too_little_answers_when_its_time_is_over() => With(async (world, broker) =>
    {
        using TestClient client = await world.ConnectAsync(broker);
        TopicId topic = await client.CreateAsync("t");
        await client.ProduceAsync(topic, Ask.Batch(world.Ports.Clock.WallNow, "small"));
        MonotonicTime begun = world.Ports.Clock.Now;
        Reply reply = await client.AskAsync(Ask.Fetch(200, 100_000, Ask.At(topic, 0)));
        Assert.True(world.Ports.Clock.Now.Since(begun) >= TimeSpan.FromMilliseconds(200));
        Assert.Equal(["small"], Ask.Values(reply.Payload));
        Reply empty = await client.AskAsync(Ask.Fetch(100, 1, Ask.At(topic, 1)));
        FetchPartitionResponse outcome = empty.Read<FetchResponse>().Partitions.Span[0];
        Assert.Equal((ErrorCode.None, 0), (outcome.Error, outcome.PayloadSize));
        Reply short1 = await client.AskAsync(
            Ask.Fetch(600_000, 1, Ask.At(topic, 1)), tags: HeaderTags.WithDeadline(TimeSpan.FromMilliseconds(50)));
        Assert.Equal(FrameKind.Response, short1.Header.Kind);
        Reply never = await client.AskAsync(Ask.Fetch(600_000, 0, Ask.At(topic, 1)));
        Assert.Equal(FrameKind.Response, never.Header.Kind);
    });

    [Fact]
    public Task Offsets_and_epochs_that_do_not_fit_are_told() => With(async (world, broker) =>
    {
        using TestClient client = await world.ConnectAsync(broker);
        TopicId topic = await client.CreateAsync("t");
        await client.ProduceAsync(topic, Ask.Batch(world.Ports.Clock.WallNow, "a", "b"));
        (FetchPartitionResponse told, _) = await client.FetchAsync(topic, 0);
        int epoch = told.LeaderEpoch.Value;
        Assert.Equal(ErrorCode.OffsetOutOfRange, await FetchOneAsync(Ask.At(topic, 3)));
        Assert.Equal(ErrorCode.None, await FetchOneAsync(Ask.At(topic, 1, lastEpoch: epoch, currentEpoch: epoch)));
        Assert.Equal(ErrorCode.UnknownEpoch, await FetchOneAsync(Ask.At(topic, 0, currentEpoch: epoch + 1)));
        Assert.Equal(ErrorCode.LogTruncated, await FetchOneAsync(Ask.At(topic, 1, lastEpoch: epoch + 1)));
        Assert.Equal(ErrorCode.UnknownPartition, await FetchOneAsync(Ask.At(topic, 0, partition: 1)));
        Assert.Equal(ErrorCode.UnknownTopicId, await FetchOneAsync(Ask.At(new TopicId(new Uid128(3, 3)), 0)));
        Reply twice = await client.AskAsync(Ask.Fetch(0, 1, Ask.At(topic, 0), Ask.At(topic, 1)));
        Assert.Equal(ErrorCode.InvalidRequest, twice.Error().Code);

        // An error does not wait.
        async Task<ErrorCode> FetchOneAsync(FetchPartitionRequest place)
        {
            Reply reply = await client.AskAsync(Ask.Fetch(place.FetchOffset.Value == 1 ? 0 : 600_000, 1, place));
            return reply.Read<FetchResponse>().Partitions.Span[0].Error;
        }
    });

    [Fact]
    public Task A_small_answer_holds_one_batch_and_the_partitions_take_turns() => With(async (world, broker) =>
    {
        using TestClient client = await world.ConnectAsync(broker);
        TopicId topic = await client.CreateAsync("t", 3);
        for (int i = 0; i < 3; i++)
            await client.ProduceAsync(topic, Ask.Batch(world.Ports.Clock.WallNow, new string('x', 500)), partition: i);
        var served = new List<int>();
        for (int i = 0; i < 6; i++)
        {
            FetchPartitionRequest[] places = [.. Enumerable.Range(0, 3).Select(number => Ask.At(topic, 0, number))];
            Reply reply = await client.AskAsync(new FetchRequest(TimeSpan.Zero, 1, 10, places));
            FetchPartitionResponse[] outcomes = reply.Read<FetchResponse>().Partitions.ToArray();
            served.Add(Assert.Single(outcomes, outcome => outcome.PayloadSize > 0).Partition.Partition.Value);
        }

        Assert.Equal([0, 1, 2, 0, 1, 2], served);
    });

    [Fact]
    public Task Offsets_are_found_at_both_ends_and_by_time() => With(async (world, broker) =>
    {
        using TestClient client = await world.ConnectAsync(broker);
        TopicId topic = await client.CreateAsync("t");
        long now = world.Ports.Clock.WallNow.UnixMilliseconds;
        await client.ProduceAsync(topic, Ask.Batch(new Timestamp(now - 5000), "old", "old"));
        await client.ProduceAsync(topic, Ask.Batch(new Timestamp(now), "new"));
        var id = new TopicPartition(topic, new(0));
        ListOffsetsResponse told = await client.AskAsync<ListOffsetsRequest, ListOffsetsResponse>(new ListOffsetsRequest(
        [
            new(id, LeaderEpoch.None, OffsetQuery.Earliest, Timestamp.None),
            new(id, LeaderEpoch.None, OffsetQuery.Latest, Timestamp.None),
            new(id, LeaderEpoch.None, OffsetQuery.AtTime, new Timestamp(now - 1000)),
            new(id, LeaderEpoch.None, OffsetQuery.AtTime, new Timestamp(now + 1000)),
            new(id with { Partition = new(5) }, LeaderEpoch.None, OffsetQuery.Latest, Timestamp.None),
        ]));
        Assert.Equal([0, 3, 2, -1, -1], told.Partitions.Select(answer => answer.Offset.Value));
        Assert.Equal(new Timestamp(now), told.Partitions[2].At);
        Assert.Equal(ErrorCode.UnknownPartition, told.Partitions[4].Error);
        Reply none = await client.AskAsync(new ListOffsetsRequest([]));
        Assert.Equal(ErrorCode.InvalidRequest, none.Error().Code);
    });

    [Fact]
    public Task Deleting_a_topic_answers_those_who_wait_and_a_new_one_is_empty() => With(async (world, broker) =>
    {
        using TestClient reader = await world.ConnectAsync(broker);
        using TestClient client = await world.ConnectAsync(broker);
        TopicId before = await client.CreateAsync("t");
        await client.ProduceAsync(before, Ask.Batch(world.Ports.Clock.WallNow, "gone"));
        Task<Reply> waiting = reader.AskAsync(Ask.Fetch(600_000, 1, Ask.At(before, 1)));
        await client.AskAsync<DeleteTopicRequest, DeleteTopicResponse>(new DeleteTopicRequest(TopicReference.ByName("t")));
        Assert.Equal(ErrorCode.UnknownTopicId, (await waiting).Read<FetchResponse>().Partitions.Span[0].Error);
        TopicId after = await client.CreateAsync("t");
        Assert.NotEqual(before, after);
        (FetchPartitionResponse outcome, string[] values) = await client.FetchAsync(after, 0);
        Assert.Equal((ErrorCode.None, 0), (outcome.Error, values.Length));
        Assert.Equal(
            ErrorCode.UnknownTopicId,
            (await client.ProduceAsync(before, Ask.Batch(world.Ports.Clock.WallNow, "late"))).Error);
    });

    [Fact]
    public Task A_restart_keeps_topics_and_records() => RunAsync(async world =>
    {
        BrokerNode first = await world.StartAsync();
        TestClient client = await world.ConnectAsync(first);
        TopicId topic = await client.CreateAsync("kept", 2, new ConfigEntry("flush", "interval"));
        TopicId dropped = await client.CreateAsync("dropped");
        await client.ProduceAsync(topic, Ask.Batch(world.Ports.Clock.WallNow, "one", "two"), partition: 1);
        await client.AskAsync<DeleteTopicRequest, DeleteTopicResponse>(new DeleteTopicRequest(TopicReference.ById(dropped)));
        await first.StopAsync();
        Assert.Null(await client.TryReceiveAsync());
        client.Dispose();
        await using BrokerNode second = await world.StartAsync();
        Assert.Equal(first.ClusterId, second.ClusterId);
        await second.Ready;
        using TestClient again = await world.ConnectAsync(second);
        ListTopicsResponse list = await again.AskAsync<ListTopicsRequest, ListTopicsResponse>(new ListTopicsRequest(false));
        Assert.Equal(topic, Assert.Single(list.Topics).Id);
        Assert.Equal(["one", "two"], (await again.FetchAsync(topic, 0, partition: 1)).Values);
        Assert.False(world.Log.Has(BrokerEventKind.PartitionUnknown));
        Assert.False(world.Log.Has(BrokerEventKind.RequestFailed));
    });

    [Fact]
    public Task Stopping_answers_those_who_wait_and_closes() => RunAsync(async world =>
    {
        BrokerNode broker = await world.StartAsync();
        using TestClient reader = await world.ConnectAsync(broker);
        TopicId topic = await reader.CreateAsync("t");
        await reader.SendAsync(Ask.Fetch(600_000, 1, Ask.At(topic, 0)));
        await reader.SendAsync(new ListTopicsRequest(false));
        Assert.Equal(ApiKey.ListTopics, (await reader.ReceiveAsync()).Header.Api);
        MonotonicTime begun = world.Ports.Clock.Now;
        Task stopping = broker.StopAsync();
        Assert.Equal(ErrorCode.ShuttingDown, (await reader.ReceiveAsync()).Error().Code);
        Assert.Null(await reader.TryReceiveAsync());
        reader.Dispose();
        await stopping;
        Assert.True(world.Ports.Clock.Now.Since(begun) < TimeSpan.FromSeconds(10));
        Assert.True(world.Log.Has(BrokerEventKind.Stopped));
    });

    private static int[] Numbers(params int[] numbers) => numbers;

    private Task With(Func<World, BrokerNode, Task> body, Func<BrokerOptions, BrokerOptions>? change = null) =>
        RunAsync(async world =>
        {
            await using BrokerNode broker = await world.StartAsync(change);
            await body(world, broker);
            Assert.False(world.Log.Has(BrokerEventKind.RequestFailed));
        });

    private async Task RunAsync(Func<World, Task> body)
    {
        using World world = Make();
        await world.RunAsync(() => body(world));
    }
}

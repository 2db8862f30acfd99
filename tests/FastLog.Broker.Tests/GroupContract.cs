using System.Buffers.Binary;
using FastLog.Broker.Tests.Support;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Messages;
using FastLog.Records;
using FastLog.Simulator;
using static FastLog.Broker.Tests.Support.GroupAsk;

namespace FastLog.Broker.Tests;

/// <summary>Committed offsets over real sockets and files.</summary>
public sealed class RealGroupTests : GroupContract
{
    internal override World Make() => new RealWorld();
}

/// <summary>The same on one thread in the simulator, with slow devices, clocks and power cuts.</summary>
public sealed class SimulatedGroupTests : GroupContract
{
    internal override World Make() => new SimulatedWorld(seed: 13);

    [Fact]
    public void A_power_cut_at_any_disk_operation_keeps_every_commit_that_was_answered()
    {
        int cuts = 0;
        for (int at = 1; at < 400; at++)
        {
            if (!CutOnce(at))
                break;
            cuts++;
        }

        Assert.True(cuts > 10, $"only {cuts} operations were cut");
    }

    [Fact]
    public void A_commit_waits_for_its_flush()
    {
        using var world = new SimulatedWorld(seed: 14);
        Task body = world.RunAsync(async () =>
        {
            var blocking = new HoldingExecutor(world.Ports.BlockingExecutor);
            BrokerNode broker = await world.StartAsync(blocking: blocking);
            using TestClient client = await world.ConnectAsync(broker);
            TopicId topic = await client.CreateAsync("t");
            await CommitAsync(client, "g", topic, 1);
            blocking.IsHolding = true;
            await client.SendAsync(Commit("g", topic, 2));
            using TestClient other = await world.ConnectAsync(broker);
            Assert.Equal(1, await FetchAsync(other, "g", topic));
            world.RawDisk.PowerCut(new Prng(14));
            blocking.Release();
            await broker.StopAsync();
            await using BrokerNode next = await world.StartAsync();
            using TestClient again = await world.ConnectAsync(next);
            Assert.Equal(1, await FetchAsync(again, "g", topic));
        });
        Assert.True(body.IsCompletedSuccessfully);
    }

    [Fact]
    public void Idle_groups_are_forgotten_and_stay_forgotten_and_no_jump_of_the_clock_makes_one_idle()
    {
        using var world = new SimulatedWorld(seed: 15);
        Task body = world.RunAsync(async () =>
        {
            TopicId topic;
            BrokerOptions Short(BrokerOptions options) => options with
            {
                OffsetsRetention = TimeSpan.FromMinutes(2),
                OffsetsCheckInterval = TimeSpan.FromSeconds(10),
            };
            await using (BrokerNode broker = await world.StartAsync(Short))
            {
                using TestClient client = await world.ConnectAsync(broker);
                topic = await client.CreateAsync("t");
                await CommitAsync(client, "idle", topic, 3);
                for (int i = 0; i < 3; i++)
                {
                    await CommitAsync(client, "busy", topic, 4 + i);
                    await world.Ports.Timers.DelayAsync(TimeSpan.FromMinutes(1), CancellationToken.None);
                }

                Assert.Equal(["busy"], await ListAsync(client));
                world.Scheduler.JumpWallClock(TimeSpan.FromDays(30));
                await world.Ports.Timers.DelayAsync(TimeSpan.FromSeconds(30), CancellationToken.None);
                Assert.Equal(["busy"], await ListAsync(client));
                world.Scheduler.JumpWallClock(TimeSpan.FromDays(-30));
            }

            await using BrokerNode next = await world.StartAsync(Short);
            using TestClient again = await world.ConnectAsync(next);
            Assert.Equal(-1, await FetchAsync(again, "idle", topic));
            Assert.Equal(6, await FetchAsync(again, "busy", topic));
        });
        Assert.True(body.IsCompletedSuccessfully);
    }

    [Fact]
    public void The_topic_of_committed_offsets_is_compacted_and_the_last_commits_stay()
    {
        const int Partitions = 64;
        using var world = new SimulatedWorld(seed: 16);
        long Stored() => world.RawDisk.Files()
            .Where(file => file.Path.Contains("__committed_offsets", StringComparison.Ordinal) && file.Path.EndsWith(".log", StringComparison.Ordinal))
            .Sum(file => file.Length);
        BrokerOptions Often(BrokerOptions options) =>
            options with { Compaction = options.Compaction with { Interval = TimeSpan.FromSeconds(10) } };
        Task body = world.RunAsync(async () =>
        {
            TopicId topic;
            await using (BrokerNode broker = await world.StartAsync(Often))
            {
                using TestClient client = await world.ConnectAsync(broker);
                topic = await client.CreateAsync("t", Partitions);
                await CommitAsync(client, "seldom", topic, 1_234);

                // Three segments of commits by one group, as an application with large metadata makes them.
                for (long offset = 0; offset < 140; offset++)
                {
                    CommitOffsetsRequest some = Commit("often", topic, offset);
                    CommitOffsetsPartitionRequest one = some.Partitions[0] with { Metadata = new string('m', 4_096) };
                    some = some with
                    {
                        Partitions = [.. Enumerable.Range(0, Partitions).Select(
                            partition => one with { Partition = new TopicPartition(topic, new PartitionId(partition)) })],
                    };
                    await client.AskAsync<CommitOffsetsRequest, CommitOffsetsResponse>(some);
                }

                long before = Stored();
                await world.Ports.Timers.DelayAsync(TimeSpan.FromMinutes(1), CancellationToken.None);
                Assert.True(Stored() < before * 2 / 3, $"{before} bytes became {Stored()}");
                Assert.Equal(139, await FetchAsync(client, "often", topic));
            }

            await using BrokerNode next = await world.StartAsync(Often);
            using TestClient again = await world.ConnectAsync(next);
            Assert.Equal(1_234, await FetchAsync(again, "seldom", topic));
            Assert.Equal(139, await FetchAsync(again, "often", topic));
            Assert.Equal(139, await FetchAsync(again, "often", topic, Partitions - 1));
        });
        Assert.True(body.IsCompletedSuccessfully);
        Assert.False(world.Log.Has(BrokerEventKind.OffsetsFailed));
    }

    [Fact]
    public void Of_commits_that_are_damaged_the_ones_before_count()
    {
        using var world = new SimulatedWorld(seed: 16);
        Task body = world.RunAsync(async () =>
        {
            TopicId topic;
            await using (BrokerNode broker = await world.StartAsync())
            {
                using TestClient client = await world.ConnectAsync(broker);
                topic = await client.CreateAsync("t");
                await CommitAsync(client, "g", topic, 1);
                await CommitAsync(client, "g", topic, 2);
                await CommitAsync(client, "g", topic, 3, partition: 0);
            }

            FlipABitOfTheSecondCommit(world.RawDisk);
            await using BrokerNode next = await world.StartAsync();
            using TestClient again = await world.ConnectAsync(next);
            Assert.Equal(3, await FetchAsync(again, "g", topic));
            Assert.True(world.Log.Has(BrokerEventKind.OffsetsDamaged));
        });
        Assert.True(body.IsCompletedSuccessfully);
    }

    private static void FlipABitOfTheSecondCommit(SimulatedDisk disk)
    {
        const int dataStart = 4096;
        string topic = disk.ListDirectories("data/topics").Single(name => name.StartsWith("__committed", StringComparison.Ordinal));
        string file = disk.ListDirectories($"data/topics/{topic}")
            .Select(partition => $"data/topics/{topic}/{partition}/{0:D20}.log")
            .Single(disk.FileExists);
        int second = dataStart + BatchHeaderLayout.LengthPrefixSize
            + BinaryPrimitives.ReadInt32BigEndian(disk.Peek(file).AsSpan(dataStart + BatchHeaderLayout.LengthAt));
        disk.FlipBits(file, second + BatchHeaderLayout.HeaderSize + 5, 1);
    }

    private static bool CutOnce(int at)
    {
        using var world = new SimulatedWorld(seed: (ulong)at);
        bool isCut = false;
        bool isOver = false;
        Task body = world.RunAsync(async () =>
        {
            long answered = 0;
            BrokerNode broker = await world.StartAsync();
            TopicId topic;
            using (TestClient client = await world.ConnectAsync(broker))
            {
                topic = await client.CreateAsync("t");
                long cutAt = world.RawDisk.OperationCount + at;
                world.RawDisk.BeforeOperation += operation =>
                {
                    if (operation.Number != cutAt || isCut || isOver)
                        return;
                    isCut = true;
                    world.RawDisk.PowerCut(new Prng((ulong)at));
                };
                for (long offset = 1; offset <= 3 && !isCut; offset++)
                {
                    Reply reply = await client.AskAsync(Commit("g", topic, offset));
                    if (reply.Header.Kind == Protocol.Frames.FrameKind.Response)
                        answered = offset;
                }

                isOver = true;
            }

            await broker.StopAsync();
            await using BrokerNode next = await world.StartAsync();
            using TestClient again = await world.ConnectAsync(next);
            long found = Math.Max(0, await FetchAsync(again, "g", topic));
            Assert.True(found == answered || found == answered + 1, $"answered {answered}, found {found}");
        });
        Assert.True(body.IsCompletedSuccessfully);
        return isCut;
    }
}

/// <summary>What groups can commit, ask for and forget.</summary>
public abstract class GroupContract
{
    internal abstract World Make();

    [Fact]
    public Task A_commit_is_told_to_everybody_and_after_a_restart() => RunAsync(async world =>
    {
        TopicId topic;
        await using (BrokerNode broker = await world.StartAsync())
        {
            using TestClient client = await world.ConnectAsync(broker);
            topic = await client.CreateAsync("t", 2);
            Assert.Equal(-1, await FetchAsync(client, "g", topic));
            Assert.Empty(await ListAsync(client));
            await CommitAsync(client, "g", topic, 7);
            await CommitAsync(client, "g", topic, 5);
            await CommitAsync(client, "g", topic, 1, partition: 1);
            await CommitAsync(client, "h", topic, 9);
            using TestClient other = await world.ConnectAsync(broker);
            Assert.Equal(5, await FetchAsync(other, "g", topic));
            Assert.Equal(-1, await FetchAsync(other, "h", topic, partition: 1));
        }

        await using BrokerNode next = await world.StartAsync();
        using TestClient again = await world.ConnectAsync(next);
        Assert.Equal(5, await FetchAsync(again, "g", topic));
        Assert.Equal(["g", "h"], await ListAsync(again));
        FetchOffsetsResponse all = await again.AskAsync<FetchOffsetsRequest, FetchOffsetsResponse>(new FetchOffsetsRequest("g", []));
        Assert.Equal([5L, 1L], all.Partitions.Select(partition => partition.Offset.Value));
        Assert.All(all.Partitions, partition => Assert.Equal("why", partition.Metadata));
        Assert.All(all.Partitions, partition => Assert.Equal(3, partition.LeaderEpoch.Value));
    });

    [Fact]
    public Task A_group_is_described_with_its_lag_and_deleted() => RunAsync(async world =>
    {
        await using BrokerNode broker = await world.StartAsync();
        using TestClient client = await world.ConnectAsync(broker);
        TopicId topic = await client.CreateAsync("t", 2);
        await client.ProduceAsync(topic, Ask.Batch(world.Ports.Clock.WallNow, "a", "b", "c"), partition: 1);
        await CommitAsync(client, "g", topic, 1, partition: 1);
        DescribeGroupResponse told = await client.AskAsync<DescribeGroupRequest, DescribeGroupResponse>(new DescribeGroupRequest("g"));
        GroupPartitionDescription partition = Assert.Single(told.Partitions);
        Assert.Equal(
            ("t", 1, 1L, 0L, 3L),
            (partition.Topic, partition.Partition.Partition.Value, partition.Offset.Value, partition.LogStart.Value,
                partition.HighWatermark.Value));
        DeleteGroupResponse gone = await client.AskAsync<DeleteGroupRequest, DeleteGroupResponse>(new DeleteGroupRequest("g"));
        Assert.Equal(1, gone.PartitionCount);
        Assert.Equal(-1, await FetchAsync(client, "g", topic, partition: 1));
        Assert.Equal(ErrorCode.UnknownGroup, (await client.AskAsync(new DescribeGroupRequest("g"))).Error().Code);
        Assert.Equal(ErrorCode.UnknownGroup, (await client.AskAsync(new DeleteGroupRequest("g"))).Error().Code);
    });

    [Fact]
    public Task What_cannot_be_committed_says_why_and_the_rest_is() => RunAsync(async world =>
    {
        await using BrokerNode broker = await world.StartAsync();
        using TestClient client = await world.ConnectAsync(broker);
        TopicId topic = await client.CreateAsync("t");
        CommitOffsetsRequest good = Commit("g", topic, 4);
        CommitOffsetsPartitionRequest part = good.Partitions[0];
        CommitOffsetsResponse mixed = await client.AskAsync<CommitOffsetsRequest, CommitOffsetsResponse>(good with
        {
            Partitions =
            [
                part with { Partition = new TopicPartition(topic, new PartitionId(9)) },
                part with { Partition = new TopicPartition(new TopicId(new Uid128(1, 1)), new PartitionId(0)) },
                part,
            ],
        });
        Assert.Equal(
            [ErrorCode.UnknownPartition, ErrorCode.UnknownTopicId, ErrorCode.None],
            mixed.Partitions.Select(partition => partition.Error));
        Assert.Equal(4, await FetchAsync(client, "g", topic));
        CommitOffsetsResponse large = await client.AskAsync<CommitOffsetsRequest, CommitOffsetsResponse>(good with
        {
            Partitions = [part with { Metadata = new string('m', 4_097) }],
        });
        Assert.Equal(ErrorCode.InvalidRequest, large.Partitions[0].Error);
        Assert.Equal(ErrorCode.InvalidGroupId, (await client.AskAsync(good with { GroupId = "" })).Error().Code);
        Assert.Equal(ErrorCode.InvalidGroupId, (await client.AskAsync(good with { GroupId = new string('g', 256) })).Error().Code);
        Assert.Equal(ErrorCode.UnknownMember, (await client.AskAsync(good with { MemberId = "m" })).Error().Code);
        Assert.Equal(ErrorCode.InvalidRequest, (await client.AskAsync(good with { Partitions = [part, part] })).Error().Code);
    });

    [Fact]
    public Task A_deleted_topic_takes_what_was_committed_with_it() => RunAsync(async world =>
    {
        await using BrokerNode broker = await world.StartAsync();
        using TestClient client = await world.ConnectAsync(broker);
        TopicId topic = await client.CreateAsync("t");
        TopicId other = await client.CreateAsync("u");
        await CommitAsync(client, "g", topic, 4);
        await CommitAsync(client, "h", other, 5);
        await client.AskAsync<DeleteTopicRequest, DeleteTopicResponse>(new DeleteTopicRequest(TopicReference.ById(topic)));
        for (int i = 0; i < 1000 && (await ListAsync(client)).Length > 1; i++)
            await world.Ports.Timers.DelayAsync(TimeSpan.FromMilliseconds(10), CancellationToken.None);
        Assert.Equal(["h"], await ListAsync(client));
    });

    [Fact]
    public Task The_internal_topic_is_hidden_readable_and_closed_to_clients() => RunAsync(async world =>
    {
        await using BrokerNode broker = await world.StartAsync();
        using TestClient client = await world.ConnectAsync(broker);
        Reply early = await client.AskAsync(new CreateTopicRequest("__committed_offsets", 1, 1, []));
        Assert.Equal(ErrorCode.InvalidTopicName, early.Error().Code);
        TopicId topic = await client.CreateAsync("t");
        await CommitAsync(client, "g", topic, 4);
        ListTopicsResponse shown = await client.AskAsync<ListTopicsRequest, ListTopicsResponse>(new ListTopicsRequest(false));
        Assert.Equal(["t"], shown.Topics.Select(listed => listed.Name));
        ListTopicsResponse all = await client.AskAsync<ListTopicsRequest, ListTopicsResponse>(new ListTopicsRequest(true));
        TopicListing found = all.Topics.Single(listed => listed.IsInternal);
        Assert.Equal("__committed_offsets", found.Name);
        byte[] batch = Ask.Batch(world.Ports.Clock.WallNow, "x");
        Assert.Equal(ErrorCode.InternalTopic, (await client.ProduceAsync(found.Id, batch)).Error);
        TopicReference named = TopicReference.ById(found.Id);
        Assert.Equal(ErrorCode.InternalTopic, (await client.AskAsync(new DeleteTopicRequest(named))).Error().Code);
        Assert.Equal(ErrorCode.InternalTopic, (await client.AskAsync(new AddPartitionsRequest(named, 99))).Error().Code);
        Assert.Equal(
            ErrorCode.InternalTopic, (await client.AskAsync(new AlterTopicRequest(named, [new("flush", "os")], []))).Error().Code);
        DescribeTopicResponse told = await client.AskAsync<DescribeTopicRequest, DescribeTopicResponse>(new DescribeTopicRequest(named));
        Assert.True(told.IsInternal);
        Assert.Equal(1, told.Partitions.Sum(partition => partition.LogEnd.Value));
    });

    private async Task RunAsync(Func<World, Task> body)
    {
        using World world = Make();
        await world.RunAsync(async () =>
        {
            await body(world);
            Assert.False(world.Log.Has(BrokerEventKind.RequestFailed));
            Assert.False(world.Log.Has(BrokerEventKind.OffsetsFailed));
        });
    }
}

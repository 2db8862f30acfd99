using FastLog.Broker.Groups;
using FastLog.Broker.Tests.Support;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Messages;
using static FastLog.Broker.Tests.Support.GroupAsk;

namespace FastLog.Broker.Tests;

/// <summary>Groups that committed much: what is kept, answered and forgotten at once has bounds. Simulated, in virtual time.</summary>
public sealed class GroupBoundsTests
{
    /// <summary>With the largest metadata more than one answer takes; more than one append forgets.</summary>
    private const int Many = BrokerLimits.ForgottenAtOnceMax + 100;

    [Fact]
    public void An_answer_that_no_frame_takes_is_refused_with_what_to_do_and_the_connection_stays() => Run(async (world, broker) =>
    {
        using TestClient client = await world.ConnectAsync(broker);
        TopicId topic = await client.CreateAsync("t", Many);
        await CommitManyAsync(client, "g", topic, new string('m', MessageLimits.OffsetMetadataSizeMax));
        foreach (Reply refused in new[]
        {
            await client.AskAsync(new FetchOffsetsRequest("g", [])),
            await client.AskAsync(new FetchOffsetsRequest("g", Wanted(topic, Many))),
            await client.AskAsync(new DescribeGroupRequest("g")),
        })
        {
            Assert.Equal(ErrorCode.FrameTooLarge, refused.Error().Code);
            Assert.Contains("ask for less", refused.Error().Message, StringComparison.Ordinal);
        }

        FetchOffsetsResponse half = await client.AskAsync<FetchOffsetsRequest, FetchOffsetsResponse>(
            new FetchOffsetsRequest("g", Wanted(topic, Many / 2)));
        Assert.Equal(Many / 2, half.Partitions.Count);
        Assert.All(half.Partitions, partition => Assert.Equal(1, partition.Offset.Value));
    });

    [Fact]
    public void A_group_is_deleted_in_appends_that_are_bounded() => Run(async (world, broker) =>
    {
        using TestClient client = await world.ConnectAsync(broker);
        TopicId topic = await client.CreateAsync("t", Many);
        await CommitManyAsync(client, "g", topic);
        var counts = new List<long>();
        world.RawDisk.BeforeOperation += _ => counts.Add(broker.Services.Groups.OffsetCount);
        DeleteGroupResponse gone = await client.AskAsync<DeleteGroupRequest, DeleteGroupResponse>(new DeleteGroupRequest("g"));
        Assert.Equal(Many, gone.PartitionCount);
        Assert.Equal([Many, Many - BrokerLimits.ForgottenAtOnceMax], counts.Distinct());
        Assert.Equal((0, 0), (broker.Services.Groups.OffsetCount, broker.Services.Groups.OffsetBytes));
        Assert.Empty(await ListAsync(client));
    });

    [Fact]
    public void A_deletion_that_a_power_cut_ends_leaves_the_rest_for_the_next_one()
    {
        using var world = new SimulatedWorld(seed: 22);
        Task body = world.RunAsync(async () =>
        {
            BrokerNode broker = await world.StartAsync();
            TopicId topic;
            using (TestClient client = await world.ConnectAsync(broker))
            {
                topic = await client.CreateAsync("t", Many);
                await CommitManyAsync(client, "g", topic);
                bool isCut = false;
                world.RawDisk.BeforeOperation += _ =>
                {
                    if (isCut || broker.Services.Groups.OffsetCount == Many)
                        return;
                    isCut = true;
                    world.RawDisk.PowerCut(new Prng(22));
                };
                Assert.NotEqual(ErrorCode.None, (await client.AskAsync(new DeleteGroupRequest("g"))).Error().Code);
            }

            await broker.StopAsync();
            await using BrokerNode next = await world.StartAsync();
            using TestClient again = await world.ConnectAsync(next);
            Assert.Equal(["g"], await ListAsync(again));
            DeleteGroupResponse gone = await again.AskAsync<DeleteGroupRequest, DeleteGroupResponse>(new DeleteGroupRequest("g"));
            Assert.Equal(Many - BrokerLimits.ForgottenAtOnceMax, gone.PartitionCount);
            Assert.Empty(await ListAsync(again));
        });
        Assert.True(body.IsCompletedSuccessfully);
    }

    [Fact]
    public void An_idle_group_is_forgotten_in_appends_that_are_bounded() => Run(
        async (world, broker) =>
        {
            using TestClient client = await world.ConnectAsync(broker);
            TopicId topic = await client.CreateAsync("t", Many);
            await CommitManyAsync(client, "g", topic);
            var counts = new List<long>();
            world.RawDisk.BeforeOperation += _ => counts.Add(broker.Services.Groups.OffsetCount);
            await world.Ports.Timers.DelayAsync(TimeSpan.FromMinutes(3), CancellationToken.None);
            Assert.Empty(await ListAsync(client));
            Assert.Contains(Many - BrokerLimits.ForgottenAtOnceMax, counts);
            Assert.All(counts.Zip(counts.Skip(1)), pair => Assert.InRange(pair.First - pair.Second, 0, BrokerLimits.ForgottenAtOnceMax));
        },
        options => options with { OffsetsRetention = TimeSpan.FromMinutes(2), OffsetsCheckInterval = TimeSpan.FromSeconds(10) });

    [Fact]
    public void Commits_past_the_bytes_that_are_kept_are_refused_and_what_does_not_grow_is_taken() => Run(async (world, broker) =>
    {
        GroupCoordinator groups = broker.Services.Groups;
        using TestClient client = await world.ConnectAsync(broker);
        TopicId topic = await client.CreateAsync("t", 2);
        await CommitAsync(client, "g", topic, 1);
        long others = BrokerLimits.CommittedOffsetBytesMax - groups.OffsetBytes;
        groups.Count(0, others);
        Reply refused = await client.AskAsync(Commit("g", topic, 2, partition: 1));
        Assert.Equal(ErrorCode.Busy, refused.Error().Code);
        await CommitAsync(client, "g", topic, 3);
        Assert.Equal((3, -1), (await FetchAsync(client, "g", topic), await FetchAsync(client, "g", topic, partition: 1)));
        groups.Count(0, -others);
        await CommitAsync(client, "g", topic, 2, partition: 1);
    });

    [Fact]
    public void Counted_are_the_bytes_of_the_records_that_are_stored() => Run(async (world, broker) =>
    {
        using TestClient client = await world.ConnectAsync(broker);
        TopicId topic = await client.CreateAsync("t", 2);
        await CommitAsync(client, "größe", topic, 1);
        await CommitAsync(client, "größe", topic, 2);
        await CommitAsync(client, "g", topic, 2, partition: 1);
        var committed = new CommittedOffset(new LogOffset(2), new LeaderEpoch(3), "why", world.Ports.Clock.WallNow);
        var partition = new TopicPartition(topic, new PartitionId(0));
        int size = OffsetRecord.Key("größe", partition).Length + OffsetRecord.Key("g", partition).Length
            + (2 * OffsetRecord.Value(committed).Length);
        Assert.Equal((2, size), (broker.Services.Groups.OffsetCount, broker.Services.Groups.OffsetBytes));
    });

    [Fact]
    public void What_is_read_again_after_a_fault_is_counted_once()
    {
        using var world = new SimulatedWorld(seed: 24);
        Task body = world.RunAsync(async () =>
        {
            await using BrokerNode broker = await world.StartAsync();
            GroupCoordinator groups = broker.Services.Groups;
            using TestClient client = await world.ConnectAsync(broker);
            TopicId topic = await client.CreateAsync("t", 2);
            await CommitAsync(client, "g", topic, 1);
            await CommitAsync(client, "g", topic, 2, partition: 1);
            (long Count, long Bytes) before = (groups.OffsetCount, groups.OffsetBytes);
            _ = groups.Find("g")!.ChangeAsync(_ => throw new InvalidOperationException("a bug"));
            Assert.Equal(2, await FetchAsync(client, "g", topic, partition: 1));
            Assert.True(world.Log.Has(BrokerEventKind.OffsetsFailed));
            Assert.Equal(before, (groups.OffsetCount, groups.OffsetBytes));
        });
        Assert.True(body.IsCompletedSuccessfully);
    }

    [Fact]
    public void Many_deleted_topics_wait_for_one_pass_that_forgets() => Run(
        async (world, broker) =>
        {
            using TestClient client = await world.ConnectAsync(broker);
            await CommitAsync(client, "g", await client.CreateAsync("t"), 1);
            await world.Ports.Timers.DelayAsync(TimeSpan.FromMinutes(3), CancellationToken.None);
            var expiry = new OffsetExpiry(broker.Services.Groups, broker.Services);

            // The first pass is at its append; one more sees all that was deleted meanwhile.
            for (int i = 0; i < 100; i++)
                expiry.RunSoon();
            await expiry.StopAsync();
            Assert.Equal(2, expiry.Passes);
            Assert.Equal(0, broker.Services.Groups.OffsetCount);
        },
        options => options with { OffsetsRetention = TimeSpan.FromMinutes(2), OffsetsCheckInterval = TimeSpan.FromHours(1) });

    private static FetchOffsetsPartitionRequest[] Wanted(TopicId topic, int count) =>
        [.. Enumerable.Range(0, count).Select(
            partition => new FetchOffsetsPartitionRequest(new TopicPartition(topic, new PartitionId(partition))))];

    private static async Task CommitManyAsync(TestClient client, string group, TopicId topic, string metadata = "")
    {
        CommitOffsetsRequest one = Commit(group, topic, 1);
        foreach (int[] some in Enumerable.Range(0, Many).Chunk(Many / 2))
        {
            CommitOffsetsResponse done = await client.AskAsync<CommitOffsetsRequest, CommitOffsetsResponse>(one with
            {
                Partitions = [.. some.Select(partition => one.Partitions[0] with
                {
                    Partition = new TopicPartition(topic, new PartitionId(partition)),
                    Metadata = metadata,
                })],
            });
            Assert.All(done.Partitions, partition => Assert.Equal(ErrorCode.None, partition.Error));
        }
    }

    private static void Run(Func<SimulatedWorld, BrokerNode, Task> body, Func<BrokerOptions, BrokerOptions>? change = null)
    {
        using var world = new SimulatedWorld(seed: 21);
        Task run = world.RunAsync(async () =>
        {
            await using BrokerNode broker = await world.StartAsync(change);
            await body(world, broker);
        });
        Assert.True(run.IsCompletedSuccessfully);
        Assert.False(world.Log.Has(BrokerEventKind.RequestFailed));
        Assert.False(world.Log.Has(BrokerEventKind.OffsetsFailed));
    }
}

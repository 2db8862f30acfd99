using FastLog.Broker;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Messages;
using FastLog.Simulator;

namespace FastLog.Client.Tests;

/// <summary>Consumers that read in the name of a group, against the real broker on one thread in virtual time.</summary>
public class GroupConsumerTests
{
    [Fact]
    public void A_consumer_goes_on_where_the_group_committed() => Run(async client =>
    {
        await ProduceAsync(client, "a", "b", "c");
        Assert.Equal(["a", "b", "c"], await ReadAllAsync(client, Options));
        Assert.Empty(await ReadAllAsync(client, Options));
        await ProduceAsync(client, "d");
        Assert.Equal(["d"], await ReadAllAsync(client, Options));
        Assert.Equal(["a", "b", "c", "d"], await ReadAllAsync(client, Options with { GroupId = "another" }));
    });

    [Fact]
    public void What_the_application_has_not_come_back_from_is_not_committed() => Run(async (client, ports) =>
    {
        await ProduceAsync(client, "a");
        await ProduceAsync(client, "b");
        await using (Consumer consumer = await client.CreateConsumerAsync(Follow with { FetchBytesPerPartitionMax = 1 }))
        {
            using (ConsumedBatch? first = await consumer.NextBatchAsync())
                Assert.Equal(1, first!.NextOffset.Value);

            // Both batches are received by now, and the first one may still be at work.
            await ports.Timers.DelayAsync(TimeSpan.FromSeconds(30), CancellationToken.None);
            Assert.Equal(-1, await CommittedAsync(client));
            using (ConsumedBatch? second = await consumer.NextBatchAsync())
                Assert.Equal(2, second!.NextOffset.Value);
            await ports.Timers.DelayAsync(TimeSpan.FromSeconds(30), CancellationToken.None);
            Assert.Equal(1, await CommittedAsync(client));
        }

        Assert.Equal(1, await CommittedAsync(client));
        Assert.Equal(["b"], await ReadAllAsync(client, Options));
    });

    [Fact]
    public void Record_by_record_the_one_that_the_loop_was_left_with_comes_again() => Run(async client =>
    {
        await ProduceAsync(client, "a", "b", "c", "d");
        Assert.Equal(["a", "b"], await ReadAsync(client, 2, commits: false));
        Assert.Equal(["b", "c"], await ReadAsync(client, 2, commits: true));
        Assert.Equal(["d"], await ReadAllAsync(client, Options));
    });

    [Fact]
    public void A_loop_that_was_left_skips_nothing_and_commits_what_it_gave_out() => Run(async client =>
    {
        await ProduceAsync(client, "a", "b", "c", "d");
        await using (Consumer consumer = await client.CreateConsumerAsync(Options with { AutoCommit = false }))
        {
            await foreach (ConsumedRecord record in consumer.ReadRecordsAsync())
                break;
            await foreach (ConsumedRecord record in consumer.ReadRecordsAsync())
            {
                Assert.Equal("b", World.Text(record.Value));
                break;
            }

            await consumer.CommitAsync();
        }

        Assert.Equal(2, await CommittedAsync(client));
        Assert.Equal(["c", "d"], await ReadAllAsync(client, Options));
    });

    [Fact]
    public void Without_auto_commit_only_the_application_commits() => Run(async client =>
    {
        await ProduceAsync(client, "a", "b", "c");
        ConsumerOptions manual = Options with { AutoCommit = false };
        Assert.Equal(["a", "b", "c"], await ReadAllAsync(client, manual));
        Assert.Equal(-1, await CommittedAsync(client));
        await using (Consumer consumer = await client.CreateConsumerAsync(manual))
            await consumer.CommitAsync([new CommittedPosition("t", new PartitionId(0), new LogOffset(2))]);
        Assert.Equal(["c"], await ReadAllAsync(client, manual));
        await using Consumer alone = await client.CreateConsumerAsync(Options with { GroupId = null });
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await alone.CommitAsync());
    });

    [Fact]
    public void A_committed_offset_that_is_not_in_the_log_follows_the_policy() => Run(async client =>
    {
        await ProduceAsync(client, "a");
        await client.Admin.CommitOffsetsAsync("g", [new CommittedPosition("t", new PartitionId(0), new LogOffset(9))]);
        await Assert.ThrowsAsync<OffsetOutOfRangeException>(() => ReadAllAsync(client, Options));
        Assert.Equal(["a"], await ReadAllAsync(client, Options with { OutOfRange = OutOfRangePolicy.Earliest }));
    });

    [Fact]
    public void Groups_are_listed_described_moved_and_deleted() => Run(async client =>
    {
        await ProduceAsync(client, "a", "b", "c");
        await ReadAllAsync(client, Options);
        await client.Admin.CommitOffsetsAsync("g", [new CommittedPosition("t", new PartitionId(0), new LogOffset(1))]);
        GroupListing listed = Assert.Single(await client.Admin.ListGroupsAsync());
        Assert.Equal(("g", 1), (listed.GroupId, listed.PartitionCount));
        GroupPartitionDescription told = Assert.Single((await client.Admin.DescribeGroupAsync("g")).Partitions);
        Assert.Equal(("t", 1L, 3L), (told.Topic, told.Offset.Value, told.HighWatermark.Value));
        Assert.Equal(["b", "c"], await ReadAllAsync(client, Options));
        await client.Admin.DeleteGroupAsync("g");
        Assert.Empty(await client.Admin.ListGroupsAsync());
        FastLogException unknown = await Assert.ThrowsAsync<FastLogException>(
            async () => await client.Admin.DescribeGroupAsync("g"));
        Assert.Equal(ErrorCode.UnknownGroup, unknown.Code);
    });

    [Fact]
    public void What_was_committed_with_large_metadata_is_asked_for_in_parts() => Run(async client =>
    {
        const int partitions = 1_100;
        await client.Admin.CreateTopicAsync("many", partitions);
        string metadata = new('m', MessageLimits.OffsetMetadataSizeMax);
        foreach (int[] some in Enumerable.Range(0, partitions).Chunk(partitions / 2))
        {
            await client.Admin.CommitOffsetsAsync(
                "g",
                [.. some.Select(partition => new CommittedPosition(
                    "many", new PartitionId(partition), new LogOffset(0), LeaderEpoch.None, metadata))]);
        }

        ConsumerOptions all = Options with { Assignments = [new ConsumerAssignment("many", StartPosition.Earliest)] };
        Assert.Empty(await ReadAllAsync(client, all));
        FastLogException tooLarge = await Assert.ThrowsAsync<FastLogException>(async () => await client.Admin.DescribeGroupAsync("g"));
        Assert.Equal(ErrorCode.FrameTooLarge, tooLarge.Code);
    });

    private static ConsumerOptions Options => new()
    {
        Assignments = [new ConsumerAssignment("t", StartPosition.Earliest)],
        GroupId = "g",
        StopAtEnd = true,
    };

    private static ConsumerOptions Follow => Options with { StopAtEnd = false };

    private static void Run(Func<FastLogClient, Task> body) => Run((client, _) => body(client));

    private static void Run(Func<FastLogClient, RuntimePorts, Task> body)
    {
        const ulong seed = 17;
        var scheduler = new SimulatedScheduler(seed);
        var disk = new SimulatedDisk(seed);
        disk.ConnectTo(scheduler);
        var network = new SimulatedNetwork(scheduler, new SimulatedNetworkOptions());
        scheduler.Run(async () =>
        {
            var options = new BrokerOptions
            {
                DataPath = "data",
                ListenAddress = new System.Net.DnsEndPoint("broker", 9500),
            };
            await using BrokerNode broker = await BrokerNode.StartAsync(disk.Attach(), network, scheduler.Ports, options);
            await using FastLogClient client = FastLogClient.Connect(
                new ClientOptions { Servers = ["broker:9500"] }, network, scheduler.Ports);
            await client.Admin.CreateTopicAsync("t");
            await body(client, scheduler.Ports);
        });
    }

    private static async Task ProduceAsync(FastLogClient client, params string[] values)
    {
        await using Producer producer = client.CreateProducer();
        foreach (string value in values)
            await producer.SendAsync("t", World.Record(value));
        await producer.FlushAsync();
    }

    private static async Task<List<string>> ReadAllAsync(FastLogClient client, ConsumerOptions options)
    {
        await using Consumer consumer = await client.CreateConsumerAsync(options);
        return await World.ReadAllAsync(consumer);
    }

    private static async Task<List<string>> ReadAsync(FastLogClient client, int count, bool commits)
    {
        await using Consumer consumer = await client.CreateConsumerAsync(Options);
        List<string> values = [];
        await foreach (ConsumedRecord record in consumer.ReadRecordsAsync())
        {
            values.Add(World.Text(record.Value));
            if (values.Count == count)
                break;
        }

        if (commits)
            await consumer.CommitAsync();
        return values;
    }

    /// <summary>-1: nothing is committed.</summary>
    private static async Task<long> CommittedAsync(FastLogClient client)
    {
        try
        {
            return Assert.Single((await client.Admin.DescribeGroupAsync("g")).Partitions).Offset.Value;
        }
        catch (FastLogException nothing) when (nothing.Code == ErrorCode.UnknownGroup)
        {
            return -1;
        }
    }
}

using FastLog.Broker.Tests.Support;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Messages;

namespace FastLog.Broker.Tests;

/// <summary>Deletions of records over real sockets and files.</summary>
public sealed class RealDeleteRecordsTests : DeleteRecordsContract
{
    internal override World Make() => new RealWorld();
}

/// <summary>The same on one thread in the simulator.</summary>
public sealed class SimulatedDeleteRecordsTests : DeleteRecordsContract
{
    internal override World Make() => new SimulatedWorld(seed: 13);
}

/// <summary>Records are deleted below an offset, and stay deleted.</summary>
public abstract class DeleteRecordsContract
{
    internal abstract World Make();

    [Fact]
    public Task What_lies_below_the_offset_is_out_of_range_from_the_answer_on_and_after_a_restart() => RunAsync(async world =>
    {
        TopicId id;
        await using (BrokerNode broker = await world.StartAsync())
        {
            using TestClient client = await world.ConnectAsync(broker);
            id = await client.CreateAsync("t", 2);
            for (char value = 'a'; value <= 'd'; value++)
                await client.ProduceAsync(id, Ask.Batch(world.Ports.Clock.WallNow, value.ToString()));
            Assert.Equal(2, (await DeleteAsync(client, id, 2)).LogStart.Value);
            await ExpectStartAsync(client, id, 2, ["c", "d"]);

            // An offset below the start changes nothing; -1 is all that can be read.
            Assert.Equal(2, (await DeleteAsync(client, id, 1)).LogStart.Value);
            Assert.Equal(0, (await DeleteAsync(client, id, -1, partition: 1)).LogStart.Value);
            Assert.Equal(3, (await DeleteAsync(client, id, 3)).LogStart.Value);
        }

        await using BrokerNode next = await world.StartAsync();
        await next.Ready;
        using TestClient again = await world.ConnectAsync(next);
        await ExpectStartAsync(again, id, 3, ["d"]);
        Assert.Equal(4, (await DeleteAsync(again, id, -1)).LogStart.Value);
        await ExpectStartAsync(again, id, 4, []);
        Assert.Equal(4, (await again.ProduceAsync(id, Ask.Batch(world.Ports.Clock.WallNow, "e"))).BaseOffset.Value);
    });

    [Fact]
    public Task A_deletion_that_cannot_be_says_why() => RunAsync(async world =>
    {
        await using BrokerNode broker = await world.StartAsync();
        using TestClient client = await world.ConnectAsync(broker);
        TopicId id = await client.CreateAsync("t");
        await client.ProduceAsync(id, Ask.Batch(world.Ports.Clock.WallNow, "a"));
        DeleteRecordsPartitionResponse above = await DeleteAsync(client, id, 2);
        Assert.Equal(ErrorCode.OffsetOutOfRange, above.Error);
        Assert.Contains("0 to 1", above.ErrorMessage, StringComparison.Ordinal);
        Assert.True(above.LogStart.IsNone);
        Assert.Equal(ErrorCode.UnknownPartition, (await DeleteAsync(client, id, 0, partition: 7)).Error);
        Assert.Equal(ErrorCode.UnknownTopicId, (await DeleteAsync(client, new TopicId(new Uid128(5, 5)), 0)).Error);
        Assert.Equal(ErrorCode.UnknownEpoch, (await DeleteAsync(client, id, 0, epoch: 99)).Error);
        Reply none = await client.AskAsync(new DeleteRecordsRequest([]));
        Assert.Equal(ErrorCode.InvalidRequest, none.Error().Code);
        await ExpectStartAsync(client, id, 0, ["a"]);
    });

    private static async Task<DeleteRecordsPartitionResponse> DeleteAsync(
        TestClient client, TopicId topic, long before, int partition = 0, int epoch = -1)
    {
        var place = new TopicPartition(topic, new PartitionId(partition));
        DeleteRecordsResponse answer = await client.AskAsync<DeleteRecordsRequest, DeleteRecordsResponse>(
            new DeleteRecordsRequest([new(place, new LeaderEpoch(epoch), new LogOffset(before))]));
        return Assert.Single(answer.Partitions);
    }

    private static async Task ExpectStartAsync(TestClient client, TopicId topic, long start, string[] values)
    {
        (FetchPartitionResponse found, string[] read) = await client.FetchAsync(topic, start);
        Assert.Equal(ErrorCode.None, found.Error);
        Assert.Equal(values, read);
        Assert.Equal(start, found.LogStart.Value);
        ListOffsetsResponse told = await client.AskAsync<ListOffsetsRequest, ListOffsetsResponse>(new ListOffsetsRequest(
            [new(new TopicPartition(topic, new PartitionId(0)), LeaderEpoch.None, OffsetQuery.Earliest, Timestamp.None)]));
        Assert.Equal(start, told.Partitions[0].Offset.Value);
        if (start == 0)
            return;
        (FetchPartitionResponse below, _) = await client.FetchAsync(topic, start - 1);
        Assert.Equal(ErrorCode.OffsetOutOfRange, below.Error);
        Assert.Equal(start, below.LogStart.Value);
    }

    private async Task RunAsync(Func<World, Task> body)
    {
        using World world = Make();
        await world.RunAsync(() => body(world));
    }
}

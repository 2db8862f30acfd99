using FastLog.Broker.Tests.Support;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Messages;

namespace FastLog.Broker.Tests;

/// <summary>What clients see of a disk that is full up to the free reserve. In virtual time.</summary>
public sealed class FreeReserveTests : IDisposable
{
    private const long Reserve = 4 << 20;

    private readonly SimulatedWorld _world = new(seed: 29);

    public void Dispose() => _world.Dispose();

    [Fact]
    public Task Records_are_refused_with_the_figures_and_all_else_goes_on_until_there_is_room() => _world.RunAsync(async () =>
    {
        await using BrokerNode broker = await _world.StartAsync(options => options with { FreeReserve = Reserve });
        using TestClient client = await _world.ConnectAsync(broker);
        TopicId topic = await client.CreateAsync("t");
        TopicId other = await client.CreateAsync("other");
        byte[] batch = Ask.Batch(_world.Ports.Clock.WallNow, "kept");
        await client.ProduceAsync(topic, batch);
        await CommitAsync(client, topic, 0);
        long capacity = _world.RawDisk.CapacityBytes;
        _world.RawDisk.CapacityBytes -= _world.RawDisk.FreeBytes("data") - (Reserve / 2);
        await WaitAsync();

        ProducePartitionResponse refused = await client.ProduceAsync(topic, batch);
        Assert.Equal(ErrorCode.DiskFull, refused.Error);
        Assert.True(refused.Error.IsRetriable());
        Assert.Contains("4.0 MiB are kept free", refused.ErrorMessage, StringComparison.Ordinal);
        Assert.Contains("storage.freeReserve", refused.ErrorMessage, StringComparison.Ordinal);
        Assert.Equal(ErrorCode.DiskFull, (await client.AskAsync(new CreateTopicRequest("more", 1, 1, []))).Error().Code);
        Assert.True(broker.GetStatus().Space.IsReached);

        Assert.Equal(["kept"], (await client.FetchAsync(topic, 0)).Values);
        await CommitAsync(client, topic, 1);
        await client.AskAsync<DeleteTopicRequest, DeleteTopicResponse>(new DeleteTopicRequest(TopicReference.ById(other)));

        _world.RawDisk.CapacityBytes = capacity;
        await WaitAsync();
        Assert.Equal(1, (await client.ProduceAsync(topic, batch)).BaseOffset.Value);
        Assert.False(broker.GetStatus().Space.IsReached);
    });

    private static async Task CommitAsync(TestClient client, TopicId topic, long offset)
    {
        var wanted = new CommitOffsetsPartitionRequest(
            new TopicPartition(topic, new PartitionId(0)), new LogOffset(offset), LeaderEpoch.None, "");
        CommitOffsetsResponse answer = await client.AskAsync<CommitOffsetsRequest, CommitOffsetsResponse>(
            new CommitOffsetsRequest("g", "", GroupGeneration.None, [wanted]));
        Assert.Equal(ErrorCode.None, answer.Partitions[0].Error);
    }

    private Task WaitAsync() => _world.Ports.Timers.DelayAsync(Storage.StorageLimits.SpaceLookInterval * 1.5, CancellationToken.None);
}

using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Records;

namespace FastLog.Client.Tests;

/// <summary>Counts what is rented of the shared pool, so nothing may run beside these.</summary>
[CollectionDefinition(nameof(BufferReturnTests), DisableParallelization = true)]
[Collection(nameof(BufferReturnTests))]
public class BufferReturnTests
{
    [Fact]
    public void Disposing_with_things_in_flight_gives_all_buffers_back() => World.Run(async world =>
    {
        await world.Client.Admin.ListTopicsAsync(); // its connection stays, with its receive windows
        long rented = BufferPool.Shared.RentedBytes;
        for (int i = 0; i < 10; i++)
            world.Topic[0].Append(Codec.None, new string('x', 8_000));
        Consumer consumer = await world.ConsumeAsync(
            StartPosition.Earliest, stopAtEnd: false, change: static options =>
                options with { FetchBytesPerPartitionMax = 9_000 });
        await world.DelayAsync(50);
        await consumer.DisposeAsync();
        await world.DelayAsync(1_000);
        Assert.Equal(rented, BufferPool.Shared.RentedBytes);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await consumer.NextBatchAsync());
    });

    [Fact]
    public void A_producer_that_is_disposed_in_the_middle_gives_all_buffers_back() => World.Run(async world =>
    {
        await world.Client.Admin.ListTopicsAsync(); // its connection stays, with its receive windows
        long rented = BufferPool.Shared.RentedBytes;
        world.Broker.React = static api => api == ApiKey.Produce ? Reaction.Ignore : Reaction.Serve;
        Producer producer = world.Client.CreateProducer(
            new ProducerOptions { BatchBytes = 1024, DisposeTimeout = TimeSpan.FromSeconds(1) });
        for (int i = 0; i < 1_000; i++)
            await producer.SendAsync("t", World.Record(new string('x', 100)));
        await producer.DisposeAsync();
        await world.DelayAsync(1_000);
        Assert.Equal(rented, BufferPool.Shared.RentedBytes);
    });
}

using FastLog.Primitives;
using FastLog.Protocol;

namespace FastLog.Client.Tests;

public class BackPressureTests
{
    private static readonly ProducerOptions Small = new() { BatchBytes = 4 << 10, BufferBytes = 16 << 10 };

    [Fact]
    public void The_buffer_never_holds_more_than_its_bound() => World.Run(async world =>
    {
        world.Broker.ProduceDelay = TimeSpan.FromMilliseconds(5);
        await using Producer producer = world.Client.CreateProducer(Small);
        TopicProducer topic = await producer.OpenTopicAsync("t");
        for (int i = 0; i < 1_000; i++)
        {
            await topic.SendAsync(World.Record(new string('x', 100)));
            Assert.InRange(producer.BufferedBytes, 1, Small.BufferBytes);
        }

        await producer.FlushAsync();
        Assert.Equal(1_000, world.Topic[0].End.Value);
        Assert.Equal(0, producer.BufferedBytes);
    });

    [Fact]
    public void A_full_buffer_refuses_at_once_or_waits_for_room() => World.Run(async world =>
    {
        world.Broker.ProduceDelay = TimeSpan.FromMilliseconds(50);
        await using Producer producer = world.Client.CreateProducer(Small);
        TopicProducer topic = await producer.OpenTopicAsync("t");
        int accepted = 0;
        while (topic.TrySend(World.Record(new string('x', 100)), out _))
            accepted++;
        Assert.InRange(accepted, 100, 160);
        ValueTask<PendingReceipt> waiting = topic.SendAsync(World.Record("late"));
        Assert.False(waiting.IsCompleted);
        await (await waiting);
        await topic.WaitForRoomAsync();
        Assert.Equal(accepted + 1, world.Topic[0].End.Value);
    });

    [Fact]
    public void A_cancelled_wait_leaves_the_record_out() => World.Run(async world =>
    {
        world.Broker.React = static api => api == ApiKey.Produce ? Reaction.Ignore : Reaction.Serve;
        await using Producer producer = world.Client.CreateProducer(Small with { DisposeTimeout = TimeSpan.Zero });
        TopicProducer topic = await producer.OpenTopicAsync("t");
        while (topic.TrySend(World.Record(new string('x', 100)), out _))
        {
        }

        using var cancel = new CancellationTokenSource();
        ValueTask<PendingReceipt> waiting = topic.SendAsync(World.Record("never"), cancel.Token);
        await world.DelayAsync(1);
        cancel.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await waiting);
    });

    [Fact]
    public void A_full_buffer_does_not_wait_for_a_long_linger() => World.Run(async world =>
    {
        await using Producer producer = world.Client.CreateProducer(Small with { Linger = TimeSpan.FromSeconds(60) });
        MonotonicTime begin = world.Now;
        for (int i = 0; i < 500; i++)
            await producer.SendAsync("t", World.Record(new string('x', 100)));
        await producer.FlushAsync();
        Assert.True(world.Now.Since(begin) < TimeSpan.FromSeconds(5));
        Assert.Equal(500, world.Topic[0].End.Value);
    });

    [Fact]
    public void A_record_larger_than_a_batch_goes_alone_and_one_beyond_the_limit_is_refused() =>
        World.Run(async world =>
    {
        await using Producer producer = world.Client.CreateProducer(Small);
        ProduceReceipt receipt = await producer.ProduceAsync("t", World.Record(new string('x', 100_000)));
        Assert.Equal(0, receipt.Offset.Value);
        FastLogException error = await Assert.ThrowsAsync<FastLogException>(
            async () => await producer.SendAsync("t", World.Record(new string('x', ClientLimits.BatchBytesMax))));
        Assert.Equal(ErrorCode.BatchTooLarge, error.Code);
    });
}

using FastLog.Protocol;
using FastLog.Protocol.Messages;

namespace FastLog.Client.Tests;

public class ReceiptTests
{
    [Fact]
    public void Each_record_gets_its_own_offset_and_what_it_survives() => World.Run(async world =>
    {
        world.Broker.ProduceDelay = TimeSpan.FromMilliseconds(2);
        await using Producer producer = world.Client.CreateProducer();
        List<PendingReceipt> pending = [];
        for (int i = 0; i < 50; i++)
            pending.Add(await producer.SendAsync("t", World.Record($"v{i}")));
        for (int i = 49; i >= 0; i--)
        {
            ProduceReceipt receipt = await pending[i];
            Assert.Equal(i, receipt.Offset.Value);
            Assert.Equal(Durability.ThisDisk, receipt.Durability);
            Assert.Equal(receipt, await pending[i].AsTask());
        }
    });

    [Fact]
    public void Without_acknowledgements_a_receipt_has_no_offset() => World.Run(async world =>
    {
        await using Producer producer = world.Client.CreateProducer(new ProducerOptions { Acks = ProduceAcks.None });
        ProduceReceipt receipt = await producer.ProduceAsync("t", World.Record("a"));
        Assert.True(receipt.Offset.IsNone);
        for (int i = 0; i < 100; i++)
            await producer.SendAsync("t", World.Record("b"));
        await producer.FlushAsync();
        await world.UntilAsync(() => world.Topic[0].End.Value == 101, "the records are there");
    });

    [Fact]
    public void A_flush_throws_a_failure_nobody_awaited_once() => World.Run(async world =>
    {
        world.Broker.Refusal = ErrorCode.LogFenced;
        world.Broker.React = static api => api == ApiKey.Produce ? Reaction.Refuse : Reaction.Serve;
        await using Producer producer = world.Client.CreateProducer();
        PendingReceipt lost = await producer.SendAsync("t", World.Record("a"));
        FastLogException error = await Assert.ThrowsAsync<FastLogException>(async () => await producer.FlushAsync());
        Assert.Equal(ErrorCode.LogFenced, error.Code);
        Assert.Equal("t", error.Topic);
        Assert.Equal(0, error.Partition!.Value.Value);
        Assert.Equal("broker:9500", error.Broker);
        Assert.True(error.IsOutcomeUnknown);
        await producer.FlushAsync();
        await Assert.ThrowsAsync<FastLogException>(async () => await lost);
    });

    [Fact]
    public void A_flush_is_silent_about_a_failure_that_was_awaited() => World.Run(async world =>
    {
        world.Broker.Refusal = ErrorCode.InvalidBatch;
        world.Broker.React = static api => api == ApiKey.Produce ? Reaction.Refuse : Reaction.Serve;
        await using Producer producer = world.Client.CreateProducer();
        await Assert.ThrowsAsync<FastLogException>(async () => await producer.ProduceAsync("t", World.Record("a")));
        await producer.FlushAsync();
    });

    [Fact]
    public void Disposing_sends_what_was_accepted() => World.Run(async world =>
    {
        Producer producer = world.Client.CreateProducer(new ProducerOptions { Linger = TimeSpan.FromSeconds(10) });
        PendingReceipt pending = await producer.SendAsync("t", World.Record("a"));
        await producer.DisposeAsync();
        Assert.Equal(0, (await pending).Offset.Value);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await producer.SendAsync("t", World.Record("b")));
    });

    [Fact]
    public void Disposing_is_bounded_and_fails_what_is_left() => World.Run(async world =>
    {
        world.Broker.React = static api => api == ApiKey.Produce ? Reaction.Ignore : Reaction.Serve;
        Producer producer = world.Client.CreateProducer(
            new ProducerOptions { DisposeTimeout = TimeSpan.FromSeconds(1) });
        PendingReceipt inFlight = await producer.SendAsync("t", World.Record("a"));
        await world.DelayAsync(10);
        PendingReceipt waiting = await producer.SendAsync("t", World.Record("b"));
        await producer.DisposeAsync();
        FastLogException unknown = await Assert.ThrowsAsync<FastLogException>(async () => await inFlight);
        Assert.True(unknown.IsOutcomeUnknown);
        await Assert.ThrowsAsync<FastLogException>(async () => await waiting);
        Assert.Equal(0, producer.BufferedBytes);
    });
}

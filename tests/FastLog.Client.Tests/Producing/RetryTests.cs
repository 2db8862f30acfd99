using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Simulator;

namespace FastLog.Client.Tests;

public class RetryTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Records_keep_their_order_when_connections_break(ulong seed) => World.Run(
        async world =>
        {
            int requests = 0;
            world.Broker.ProduceDelay = TimeSpan.FromMilliseconds(3);
            world.Broker.React = api => api == ApiKey.Produce && ++requests % 7 == 3
                ? Reaction.Break
                : api == ApiKey.Produce && requests % 11 == 5 ? Reaction.ServeAndBreak : Reaction.Serve;
            await using Producer producer = world.Client.CreateProducer(
                new ProducerOptions { BatchBytes = 1024, RequestBytesMax = 2048, RequestsInFlightMax = 5 });
            List<PendingReceipt> pending = [];
            for (int i = 0; i < 600; i++)
                pending.Add(await producer.SendAsync("t", World.Record($"v{i:0000} {new string('x', 100)}")));
            await producer.FlushAsync();
            Assert.True(requests > 20);

            // A batch whose answer was lost is there twice: what is new in it still comes in order, without a gap.
            int next = 0;
            foreach (string? value in world.Topic[0].Values)
            {
                int number = int.Parse(value![1..5]);
                Assert.True(number <= next, $"v{number} came before v{next}");
                next = Math.Max(next, number + 1);
            }

            Assert.Equal(600, next);
            for (int i = 0; i < pending.Count; i++)
                Assert.StartsWith(
                    $"v{i:0000}",
                    world.Topic[0].Values[(int)(await pending[i]).Offset.Value],
                    StringComparison.Ordinal);
        },
        seed: seed);

    [Fact]
    public void A_batch_that_was_refused_for_a_while_goes_before_later_ones() => World.Run(async world =>
    {
        int requests = 0;
        world.Broker.ProduceDelay = TimeSpan.FromMilliseconds(3);
        world.Broker.Refusal = ErrorCode.NotReady;
        world.Broker.React = api => api == ApiKey.Produce && ++requests <= 4 ? Reaction.Refuse : Reaction.Serve;
        await using Producer producer = world.Client.CreateProducer(
            new ProducerOptions { BatchBytes = 1024, RequestBytesMax = 1024 });
        for (int i = 0; i < 100; i++)
            await producer.SendAsync("t", World.Record($"v{i:0000} {new string('x', 100)}"));
        await producer.FlushAsync();
        Assert.Equal(Enumerable.Range(0, 100), world.Topic[0].Values.Select(static value => int.Parse(value![1..5])));
    });

    [Fact]
    public void Without_retries_a_lost_answer_is_an_unknown_outcome() => World.Run(async world =>
    {
        world.Broker.React = static api => api == ApiKey.Produce ? Reaction.ServeAndBreak : Reaction.Serve;
        await using Producer producer = world.Client.CreateProducer(new ProducerOptions { Retries = false });
        FastLogException error = await Assert.ThrowsAsync<FastLogException>(
            async () => await producer.ProduceAsync("t", World.Record("a")));
        Assert.True(error.IsOutcomeUnknown);
        Assert.True(error.IsRetriable);
        Assert.Equal(["a"], world.Topic[0].Values);
    });

    [Fact]
    public void A_refused_batch_does_not_fail_its_neighbours() => World.Run(async world =>
    {
        int requests = 0;
        world.Broker.Refusal = ErrorCode.InvalidBatch;
        world.Broker.React = api => api == ApiKey.Produce && ++requests == 2 ? Reaction.Refuse : Reaction.Serve;
        await using Producer producer = world.Client.CreateProducer();
        await producer.ProduceAsync("t", World.Record("a"));
        FastLogException error = await Assert.ThrowsAsync<FastLogException>(
            async () => await producer.ProduceAsync("t", World.Record("b")));
        Assert.Equal(ErrorCode.InvalidBatch, error.Code);
        await producer.ProduceAsync("t", World.Record("c"));
        Assert.Equal(["a", "c"], world.Topic[0].Values);
    });

    [Fact]
    public void A_record_that_is_not_acknowledged_in_time_fails_as_unknown_if_it_was_sent() => World.Run(async world =>
    {
        world.Broker.React = static api => api == ApiKey.Produce ? Reaction.Ignore : Reaction.Serve;
        await using Producer producer = world.Client.CreateProducer(new ProducerOptions
        {
            RequestTimeout = TimeSpan.FromSeconds(1),
            DeliveryTimeout = TimeSpan.FromSeconds(5),
        });
        MonotonicTime begin = world.Now;
        RequestTimeoutException error = await Assert.ThrowsAsync<RequestTimeoutException>(
            async () => await producer.ProduceAsync("t", World.Record("a")));
        Assert.True(error.IsOutcomeUnknown);
        Assert.InRange(world.Now.Since(begin).TotalSeconds, 4.9, 7);
    });

    [Fact]
    public void A_record_that_finds_no_broker_in_time_fails_as_unreachable() => World.Run(async world =>
    {
        await using Producer producer = world.Client.CreateProducer(
            new ProducerOptions { DeliveryTimeout = TimeSpan.FromSeconds(3) });
        await producer.ProduceAsync("t", World.Record("a"));
        await world.Broker.StopAsync();
        await world.DelayAsync(10);
        ServerUnreachableException error = await Assert.ThrowsAsync<ServerUnreachableException>(
            async () => await producer.ProduceAsync("t", World.Record("b")));
        Assert.False(error.IsOutcomeUnknown);
        Assert.Equal(0, producer.BufferedBytes);
    });

    [Fact]
    public void A_leader_that_moved_is_found_by_fresh_metadata()
    {
        FakeBroker? second = null;
        World.Run(
            async world =>
            {
                second!.Start();
                await using Producer producer = world.Client.CreateProducer();
                await producer.ProduceAsync("t", World.Record("a"));
                world.Broker.Leader = second.Leader = 2;
                ProduceReceipt receipt = await producer.ProduceAsync("t", World.Record("b"));
                Assert.Equal(0, receipt.Offset.Value);
                Assert.Equal(["b"], second.Topics["t"][0].Values);
            },
            setUp: world =>
            {
                SimulatedProcess process = world.Scheduler.CreateProcess("other");
                second = new FakeBroker(world.Network.Attach(process, "other"), process.Ports, "other:9501", node: 2)
                {
                    Leader = 1,
                };
                second.Topics["t"] = new FakeTopic(world.Topic.Id, 1);
                second.Others.Add(world.Broker);
                world.Broker.Others.Add(second);
            });
    }

    [Fact]
    public void Records_of_a_topic_that_was_deleted_fail_with_its_name() => World.Run(async world =>
    {
        await using Producer producer = world.Client.CreateProducer();
        await producer.ProduceAsync("t", World.Record("a"));
        world.Broker.Topics.Clear();
        FastLogException error = await Assert.ThrowsAsync<FastLogException>(
            async () => await producer.ProduceAsync("t", World.Record("b")));
        Assert.Equal(ErrorCode.UnknownTopic, error.Code);
    });

    [Fact]
    public void A_topic_that_was_made_again_takes_the_records_that_follow() => World.Run(async world =>
    {
        await using Producer producer = world.Client.CreateProducer();
        await producer.ProduceAsync("t", World.Record("a"));
        FakeTopic again = world.Broker.AddTopic("t", 1);
        await producer.ProduceAsync("t", World.Record("b"));
        Assert.Equal(["b"], again[0].Values);
    });
}

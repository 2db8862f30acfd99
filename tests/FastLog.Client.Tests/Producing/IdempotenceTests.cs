using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Messages;

namespace FastLog.Client.Tests;

/// <summary>Each record once and in order, whatever happens to requests and answers.</summary>
public class IdempotenceTests
{
    private static readonly ProducerOptions Small = new()
    {
        BatchBytes = 1024,
        RequestBytesMax = 2048,
        RequestsInFlightMax = 5,
    };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void Records_are_there_once_and_in_order_when_answers_are_lost_and_batches_refused(ulong seed) => World.Run(
        async world =>
        {
            var random = new Prng(seed);
            int requests = 0;
            int refusals = 0;
            world.Broker.ProduceDelay = TimeSpan.FromMilliseconds(3);
            world.Broker.React = api =>
            {
                if (api != ApiKey.Produce)
                    return Reaction.Serve;
                requests++;
                int dice = (int)random.Next(0, 20);
                if (dice == 4)
                {
                    world.Broker.Refusal = ++refusals % 2 == 0 ? ErrorCode.DiskFull : ErrorCode.Busy;
                    return Reaction.Refuse;
                }

                return dice switch { 0 => Reaction.Break, 1 or 2 => Reaction.ServeAndBreak, _ => Reaction.Serve };
            };
            await using Producer producer = world.Client.CreateProducer(Small);
            List<PendingReceipt> pending = await SendAsync(world, producer, 600);
            await producer.FlushAsync();
            Assert.True(requests > 40);
            Assert.True(refusals > 0);
            Assert.True(world.Topic[0].Producers.Duplicates > 0);
            AssertOnceInOrder(world, 600);
            for (int i = 0; i < pending.Count; i++)
                Assert.Equal(i, (await pending[i]).Offset.Value);
            Assert.Equal([0], world.Topic[0].Producers.Epochs);
        },
        seed: seed);

    [Fact]
    public void A_batch_that_was_given_up_leaves_no_gap_behind() => World.Run(async world =>
    {
        // Half of those that are given up were taken, half were not.
        int requests = 0;
        int silent = 0;
        world.Broker.React = api => api switch
        {
            ApiKey.Produce when silent > 0 && ++requests % 2 == 0 => Reaction.ServeAndBreak,
            ApiKey.Produce when silent > 0 => Reaction.Ignore,
            _ => Reaction.Serve,
        };
        await using Producer producer = world.Client.CreateProducer(Small with
        {
            RequestTimeout = TimeSpan.FromMilliseconds(300),
            DeliveryTimeout = TimeSpan.FromSeconds(2),
        });
        await producer.ProduceAsync("t", World.Record("v0000"));
        silent = 1;
        FastLogException failure = await Assert.ThrowsAnyAsync<FastLogException>(
            async () => await producer.ProduceAsync("t", World.Record("v0001")));
        Assert.True(failure.IsOutcomeUnknown);
        silent = 0;
        await producer.ProduceAsync("t", World.Record("v0002"));
        await producer.ProduceAsync("t", World.Record("v0003"));
        string[] values = [.. world.Topic[0].Values.Select(static value => value!)];
        Assert.Equal(values.Distinct(), values);
        Assert.Equal(values.Order(StringComparer.Ordinal), values);
        Assert.Equal("v0003", values[^1]);
        Assert.Equal([0, 1], world.Topic[0].Producers.Epochs);
    });

    [Fact]
    public void Batches_behind_one_that_is_refused_for_good_follow_in_the_next_epoch() => World.Run(async world =>
    {
        int requests = 0;
        world.Broker.ProduceDelay = TimeSpan.FromMilliseconds(3);
        world.Broker.Refusal = ErrorCode.InvalidBatch;
        world.Broker.React = api => api == ApiKey.Produce && ++requests == 4 ? Reaction.Refuse : Reaction.Serve;
        await using Producer producer = world.Client.CreateProducer(Small);
        List<PendingReceipt> pending = await SendAsync(world, producer, 200);
        int failed = 0;
        foreach (PendingReceipt receipt in pending)
        {
            try
            {
                await receipt;
            }
            catch (FastLogException cause)
            {
                Assert.Equal(ErrorCode.InvalidBatch, cause.Code);
                Assert.False(cause.IsOutcomeUnknown);
                failed++;
            }
        }

        Assert.InRange(failed, 1, 30);
        string[] values = [.. world.Topic[0].Values.Select(static value => value!)];
        Assert.Equal(200 - failed, values.Length);
        Assert.Equal(values.Distinct().Order(StringComparer.Ordinal), values);
        Assert.Equal([0, 1], world.Topic[0].Producers.Epochs);
    });

    [Fact]
    public void A_producer_whose_id_is_another_one_s_fails_typed_and_goes_on_with_a_new_id() => World.Run(async world =>
    {
        await using Producer producer = world.Client.CreateProducer();
        await producer.ProduceAsync("t", World.Record("a"));
        world.Broker.Refusal = ErrorCode.ProducerFenced;
        world.Broker.React = static api => api == ApiKey.Produce ? Reaction.Refuse : Reaction.Serve;
        FastLogException fenced = await Assert.ThrowsAsync<FastLogException>(
            async () => await producer.ProduceAsync("t", World.Record("b")));
        Assert.Equal(ErrorCode.ProducerFenced, fenced.Code);
        Assert.False(fenced.IsRetriable);
        world.Broker.React = static _ => Reaction.Serve;
        await producer.ProduceAsync("t", World.Record("c"));
        Assert.Equal(["a", "c"], world.Topic[0].Values);
        Assert.Equal(2, world.Topic[0].Producers.Ids.Count);
    });

    [Fact]
    public void A_log_that_lost_its_end_takes_the_batches_that_follow() => World.Run(async world =>
    {
        await using Producer producer = world.Client.CreateProducer();
        await producer.ProduceAsync("t", World.Record("a"));
        await producer.ProduceAsync("t", World.Record("b"));

        // The broker now knows the producer, and an earlier end.
        world.Topic[0].Producers.ForgetLast();
        await producer.ProduceAsync("t", World.Record("c"));
        Assert.Equal([0, 1], world.Topic[0].Producers.Epochs);
        Assert.Equal("c", world.Topic[0].Values[^1]);
    });

    [Fact]
    public void At_most_as_many_batches_as_the_broker_remembers_are_without_an_answer() => World.Run(async world =>
    {
        world.Broker.ProduceDelay = TimeSpan.FromSeconds(5);
        await using Producer producer = world.Client.CreateProducer(new ProducerOptions
        {
            BatchBytes = 1024,
            RequestsInFlightMax = 64,
            RequestTimeout = TimeSpan.FromMinutes(1),
        });
        await producer.ProduceAsync("t", World.Record("first"));
        List<PendingReceipt> pending = await SendAsync(world, producer, 2_000);
        await world.DelayAsync(2_000);
        await producer.FlushAsync();
        Assert.Equal(2_001, world.Topic[0].Values.Count);
        Assert.All(world.Broker.Produced, seen => Assert.InRange(seen.Partitions[0].BatchRecords.Count, 1, 64));
        Assert.All(pending, static receipt => Assert.True(receipt.IsCompleted));
    });

    [Fact]
    public void Idempotence_is_on_by_default_off_with_other_acks_and_refused_where_it_cannot_hold() => World.Run(async world =>
    {
        await using (Producer producer = world.Client.CreateProducer())
            await producer.ProduceAsync("t", World.Record("a"));
        Assert.Single(world.Topic[0].Producers.Ids, static id => id >= 0);
        world.Topic[0].Producers.Clear();
        foreach (ProducerOptions options in new ProducerOptions[]
        {
            new() { Acks = ProduceAcks.Leader },
            new() { Retries = false },
            new() { Idempotent = false },
        })
        {
            await using Producer producer = world.Client.CreateProducer(options);
            await producer.ProduceAsync("t", World.Record("b"));
        }

        Assert.Empty(world.Topic[0].Producers.Ids);
        Assert.Equal(1, world.Broker.Asked.Count(static api => api == ApiKey.InitProducer));
        ArgumentException acks = Assert.Throws<ArgumentException>(
            () => world.Client.CreateProducer(new ProducerOptions { Acks = ProduceAcks.Leader, Idempotent = true }));
        Assert.Contains("Acks", acks.Message, StringComparison.Ordinal);
        ArgumentException retries = Assert.Throws<ArgumentException>(
            () => world.Client.CreateProducer(new ProducerOptions { Retries = false, Idempotent = true }));
        Assert.Contains("Retries", retries.Message, StringComparison.Ordinal);
    });

    private static async Task<List<PendingReceipt>> SendAsync(World world, Producer producer, int count)
    {
        List<PendingReceipt> pending = [];
        for (int i = 0; i < count; i++)
            pending.Add(await producer.SendAsync("t", World.Record($"v{i:0000} {new string('x', 100)}")));
        return pending;
    }

    private static void AssertOnceInOrder(World world, int count) => Assert.Equal(
        Enumerable.Range(0, count), world.Topic[0].Values.Select(static value => int.Parse(value![1..5])));
}

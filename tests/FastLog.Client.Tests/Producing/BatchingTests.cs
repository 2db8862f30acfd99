using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Records;

namespace FastLog.Client.Tests;

public class BatchingTests
{
    [Fact]
    public void The_first_record_leaves_at_once_and_the_others_fill_a_batch_while_it_is_in_flight() =>
        World.Run(async world =>
    {
        world.Broker.ProduceDelay = TimeSpan.FromMilliseconds(5);
        await using Producer producer = world.Client.CreateProducer();
        TopicProducer topic = await producer.OpenTopicAsync("t");
        await topic.ProduceAsync(World.Record("connected"));
        for (int i = 0; i < 10; i++)
            Assert.True(topic.TrySend(World.Record($"v{i}"), out _));
        await producer.FlushAsync();
        Assert.Equal([1, 1, 9], world.Broker.Produced.Select(static request => request.Records));
        Assert.Equal(["connected", .. Enumerable.Range(0, 10).Select(static i => $"v{i}")], world.Topic[0].Values);
    });

    [Fact]
    public void A_batch_that_lingers_leaves_when_its_time_is_over() => World.Run(async world =>
    {
        await using Producer producer = world.Client.CreateProducer(
            new ProducerOptions { Linger = TimeSpan.FromMilliseconds(100) });
        TopicProducer topic = await producer.OpenTopicAsync("t");
        MonotonicTime begin = world.Now;
        PendingReceipt first = await topic.SendAsync(World.Record("a"));
        await world.DelayAsync(60);
        await topic.SendAsync(World.Record("b"));
        await first;
        Assert.Equal(2, Assert.Single(world.Broker.Produced).Records);
        Assert.InRange(world.Now.Since(begin).TotalMilliseconds, 100, 150);
    });

    [Fact]
    public void A_batch_that_came_while_an_older_one_was_given_up_still_leaves_when_its_linger_is_over() =>
        World.Run(
            async world =>
            {
                var options = new ProducerOptions
                {
                    Linger = TimeSpan.FromMilliseconds(700),
                    DeliveryTimeout = TimeSpan.FromSeconds(1),
                };
                await using Producer producer = world.Client.CreateProducer(options);
                TopicProducer topic = await producer.OpenTopicAsync("t");
                bool isDown = true;
                world.Broker.React = api => isDown && api == ApiKey.Hello ? Reaction.Ignore : Reaction.Serve;
                PendingReceipt old = await topic.SendAsync(World.Record("old"));
                await world.DelayAsync(1_150);
                Assert.True(old.IsCompleted);
                PendingReceipt young = await topic.SendAsync(World.Record("young"));
                isDown = false;
                await young;
                Assert.Equal(["young"], world.Topic[0].Values);
            },
            setUp: static world => world.Options = world.Options with
            {
                ConnectTimeout = TimeSpan.FromMilliseconds(100),
                RetryBackoffMax = TimeSpan.FromMilliseconds(100),
            });

    [Fact]
    public void A_flush_does_not_wait_for_the_linger() => World.Run(async world =>
    {
        await using Producer producer = world.Client.CreateProducer(
            new ProducerOptions { Linger = TimeSpan.FromSeconds(50) });
        MonotonicTime begin = world.Now;
        await producer.SendAsync("t", World.Record("a"));
        await producer.FlushAsync();
        Assert.Equal(["a"], world.Topic[0].Values);
        Assert.True(world.Now.Since(begin) < TimeSpan.FromSeconds(1));
    });

    [Fact]
    public void Batches_are_as_large_as_asked_and_several_share_a_request() => World.Run(async world =>
    {
        world.Broker.ProduceDelay = TimeSpan.FromMilliseconds(20);
        var options = new ProducerOptions { BatchBytes = 1024, RequestsInFlightMax = 1 };
        await using Producer producer = world.Client.CreateProducer(options);
        TopicProducer topic = await producer.OpenTopicAsync("t");
        await topic.ProduceAsync(World.Record("connected"));
        for (int i = 0; i < 100; i++)
            Assert.True(topic.TrySend(World.Record(new string('x', 100)), out _));
        await producer.FlushAsync();
        IReadOnlyList<int> batches = world.Broker.Produced[^1].Partitions[0].BatchRecords;
        Assert.True(batches.Count > 5);
        Assert.All(batches.SkipLast(1), static count => Assert.InRange(count, 7, 9));
        Assert.Equal(101, world.Topic[0].End.Value);
    });

    [Fact]
    public void Batches_of_several_partitions_share_a_request() => World.Run(
        async world =>
        {
            world.Broker.ProduceDelay = TimeSpan.FromMilliseconds(20);
            await using Producer producer = world.Client.CreateProducer(
                new ProducerOptions { RequestsInFlightMax = 1 });
            TopicProducer topic = await producer.OpenTopicAsync("t");
            await topic.ProduceAsync(World.Record("connected", partition: 0));
            for (int i = 0; i < 40; i++)
                Assert.True(topic.TrySend(World.Record($"v{i}", partition: i % 4), out _));
            await producer.FlushAsync();
            Assert.Contains(world.Broker.Produced, static request => request.Partitions.Count >= 3);
            Assert.Equal(10, world.Topic[3].End.Value);
        },
        partitions: 4);

    [Fact]
    public void No_more_requests_are_in_flight_than_asked() => World.Run(async world =>
    {
        world.Broker.ProduceDelay = TimeSpan.FromMilliseconds(10);
        await using Producer producer = world.Client.CreateProducer(
            new ProducerOptions { BatchBytes = 1024, RequestBytesMax = 1024, RequestsInFlightMax = 3 });
        TopicProducer topic = await producer.OpenTopicAsync("t");
        await topic.ProduceAsync(World.Record("connected"));
        int before = world.Broker.Asked.Count(static api => api == Protocol.ApiKey.Produce);
        for (int i = 0; i < 200; i++)
            Assert.True(topic.TrySend(World.Record(new string('x', 100)), out _));
        await world.DelayAsync(5);
        Assert.Equal(3, world.Broker.Asked.Count(static api => api == Protocol.ApiKey.Produce) - before);
        await producer.FlushAsync();
        Assert.Equal(201, world.Topic[0].End.Value);
    });

    [Fact]
    public void Gzip_batches_arrive_compressed_and_whole() => World.Run(async world =>
    {
        await using Producer producer = world.Client.CreateProducer(
            new ProducerOptions { Compression = Codec.Gzip, Linger = TimeSpan.FromMilliseconds(1) });
        for (int i = 0; i < 100; i++)
            await producer.SendAsync("t", World.Record(new string('x', 200)));
        await producer.FlushAsync();
        Assert.Equal(Enumerable.Repeat(new string('x', 200), 100), world.Topic[0].Values);
        Assert.Equal(1, world.Topic[0].BatchCount);
    });

    [Fact]
    public void Null_and_empty_keys_and_values_and_headers_arrive_as_they_were_sent() => World.Run(async world =>
    {
        await using Producer producer = world.Client.CreateProducer();
        RecordHeader[] headers = [new("h"u8.ToArray(), null), new(
            "h"u8.ToArray(), Array.Empty<byte>()), new("i"u8.ToArray(), "x"u8.ToArray())];
        var at = new Timestamp(1234);
        await producer.ProduceAsync("t", new ProducerRecord(null, null) { Headers = headers, Timestamp = at });
        await producer.ProduceAsync("t", new ProducerRecord(Array.Empty<byte>(), Array.Empty<byte>()));
        List<ConsumedRecord> records = world.Topic[0].Records();
        Assert.Null(records[0].Key);
        Assert.Null(records[0].Value);
        Assert.Equal(at, records[0].Timestamp);
        Assert.Equal(3, records[0].Headers.Count);
        Assert.Null(records[0].Headers[0].Value);
        Assert.Equal(0, records[0].Headers[1].Value!.Value.Length);
        Assert.Equal("x"u8.ToArray(), records[0].Headers[2].Value!.Value.ToArray());
        Assert.Equal(0, records[1].Key!.Value.Length);
        Assert.Equal(0, records[1].Value!.Value.Length);
        Assert.Equal(
            world.Scheduler.WallNow.UnixMilliseconds, records[1].Timestamp.UnixMilliseconds, tolerance: 1000.0);
    });

    [Fact]
    public void Sending_allocates_next_to_nothing_per_record() => World.Run(async world =>
    {
        const int records = 50_000;
        await using Producer producer = world.Client.CreateProducer(new ProducerOptions { RequestsInFlightMax = 1 });
        TopicProducer topic = await producer.OpenTopicAsync("t");
        ProducerRecord record = World.Record(new string('x', 100));
        long allocated = 0;
        for (int round = 0; round < 3; round++)
        {
            // The first rounds fill the pools.
            world.Broker.ProduceDelay = TimeSpan.FromMilliseconds(10);
            await topic.ProduceAsync(record);
            topic.TrySend(record, out _);
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < records; i++)
                Assert.True(topic.TrySend(record, out _));
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            await producer.FlushAsync();
        }

        Assert.True(allocated < 64 << 10, $"{allocated} bytes for {records} records");
    });
}

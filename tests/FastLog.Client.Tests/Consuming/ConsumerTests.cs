using System.Buffers.Binary;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Messages;
using FastLog.Records;

namespace FastLog.Client.Tests;

public class ConsumerTests
{
    [Fact]
    public void Records_come_back_as_they_were_sent() => World.Run(async world =>
    {
        await using Producer producer = world.Client.CreateProducer(new ProducerOptions { Compression = Codec.Gzip });
        RecordHeader[] headers = [new("h"u8.ToArray(), null), new("i"u8.ToArray(), "x"u8.ToArray())];
        await producer.ProduceAsync("t", new ProducerRecord(null, null) { Headers = headers });
        await producer.ProduceAsync("t", new ProducerRecord([], []));
        await producer.ProduceAsync("t", World.Record(new string('v', 1000), key: "k"));
        await using Consumer consumer = await world.ConsumeAsync(StartPosition.Earliest);
        List<ConsumedRecord> records = [];
        await foreach (ConsumedRecord record in consumer.ReadRecordsAsync())
            records.Add(record);
        Assert.Equal([0L, 1L, 2L], records.Select(static record => record.Offset.Value));
        Assert.Null(records[0].Key);
        Assert.Null(records[0].Value);
        Assert.Null(records[0].Headers[0].Value);
        Assert.Equal("x", World.Text(records[0].Headers[1].Value));
        Assert.Equal(0, records[1].Key!.Value.Length);
        Assert.Equal(0, records[1].Value!.Value.Length);
        Assert.Equal("k", World.Text(records[2].Key));
        Assert.Equal(new string('v', 1000), World.Text(records[2].Value));
    });

    [Fact]
    public void Reading_begins_inside_of_a_batch_and_ends_where_the_end_was() => World.Run(async world =>
    {
        world.Topic[0].Append(Codec.None, "a", "b", "c", "d");
        world.Topic[0].Append(Codec.Gzip, "e", "f");
        await using Consumer consumer = await world.ConsumeAsync(StartPosition.At(new LogOffset(2)));
        world.Topic[0].Append(Codec.None, "later");
        Assert.Equal(["c", "d", "e", "f"], await World.ReadAllAsync(consumer));
        Assert.Null(await consumer.NextBatchAsync());
        Assert.Equal(6, consumer.Partitions[0].Position.Value);
    });

    [Fact]
    public void An_empty_topic_ends_at_once() => World.Run(async world =>
    {
        await using Consumer consumer = await world.ConsumeAsync(StartPosition.Earliest);
        Assert.Null(await consumer.NextBatchAsync());
    });

    [Fact]
    public void Following_waits_for_records_and_gives_them_as_they_come() => World.Run(async world =>
    {
        world.Topic[0].Append(Codec.None, "old");
        await using Consumer consumer = await world.ConsumeAsync(StartPosition.Latest, stopAtEnd: false);
        ValueTask<ConsumedBatch?> next = consumer.NextBatchAsync();
        await world.DelayAsync(1_700);
        Assert.False(next.IsCompleted);
        world.Topic[0].Append(Codec.None, "new");
        using ConsumedBatch? batch = await next;
        Assert.Equal("new", World.Text(Assert.Single(batch!.ToRecords()).Value));
        Assert.InRange(world.Broker.Fetches.Count, 4, 6);
    });

    [Fact]
    public void A_wait_for_records_ends_when_only_the_client_is_disposed() => World.Run(async world =>
    {
        await using Consumer consumer = await world.ConsumeAsync(StartPosition.Earliest, stopAtEnd: false);
        ValueTask<ConsumedBatch?> next = consumer.NextBatchAsync();
        await world.DelayAsync(10);
        await world.Client.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await next);
    });

    [Fact]
    public void A_cancelled_wait_loses_nothing() => World.Run(async world =>
    {
        await using Consumer consumer = await world.ConsumeAsync(StartPosition.Earliest, stopAtEnd: false);
        using var cancel = new CancellationTokenSource();
        ValueTask<ConsumedBatch?> next = consumer.NextBatchAsync(cancel.Token);
        await world.DelayAsync(10);
        cancel.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await next);
        world.Topic[0].Append(Codec.None, "a");
        using ConsumedBatch? batch = await consumer.NextBatchAsync();
        Assert.Equal("a", World.Text(Assert.Single(batch!.ToRecords()).Value));
    });

    [Fact]
    public void Starting_at_a_time_finds_the_first_record_at_or_after_it() => World.Run(async world =>
    {
        world.Topic[0].Append(Codec.None, "a");
        world.Topic[0].Append(Codec.None, "b");
        world.Topic[0].Append(Codec.None, "c");
        await using Consumer consumer = await world.ConsumeAsync(StartPosition.At(new Timestamp(1001)));
        Assert.Equal(["b", "c"], await World.ReadAllAsync(consumer));
        await using Consumer later = await world.ConsumeAsync(StartPosition.At(new Timestamp(5000)));
        Assert.Empty(await World.ReadAllAsync(later));
    });

    [Fact]
    public void All_partitions_come_with_one_request_and_each_in_order() => World.Run(
        async world =>
        {
            for (int i = 0; i < 300; i++)
                world.Topic[i % 3].Append(Codec.None, $"v{i}");
            await using Consumer consumer = await world.ConsumeAsync(
                StartPosition.Earliest, change: static options => options with { FetchBytesPerPartitionMax = 1024 });
            var offsets = new long[3];
            int count = 0;
            await foreach (ConsumedRecord record in consumer.ReadRecordsAsync())
            {
                Assert.Equal(offsets[record.Partition.Value]++, record.Offset.Value);
                count++;
            }

            Assert.Equal(300, count);
            Assert.Equal(3, world.Broker.Fetches[0].Partitions.Length);
        },
        partitions: 3);

    [Fact]
    public void The_next_answer_is_on_its_way_while_the_current_one_is_walked() => World.Run(async world =>
    {
        for (int i = 0; i < 10; i++)
            world.Topic[0].Append(Codec.None, $"v{i}");
        await using Consumer consumer = await world.ConsumeAsync(
            StartPosition.Earliest, change: static options => options with { FetchBytesPerPartitionMax = 1 });
        using ConsumedBatch? first = await consumer.NextBatchAsync();
        await world.DelayAsync(100);
        Assert.InRange(world.Broker.Fetches.Count, 3, 4);
        await world.DelayAsync(1_000);
        Assert.InRange(world.Broker.Fetches.Count, 3, 4);
        Assert.Equal(9, (await World.ReadAllAsync(consumer)).Count);
    });

    [Fact]
    public void An_offset_out_of_range_is_an_error_that_names_the_range() => World.Run(async world =>
    {
        world.Topic[0].Append(Codec.None, "a");
        world.Topic[0].Append(Codec.None, "b");
        world.Topic[0].Start = new LogOffset(1);
        await using Consumer below = await world.ConsumeAsync(StartPosition.At(new LogOffset(0)));
        OffsetOutOfRangeException error = await Assert.ThrowsAsync<OffsetOutOfRangeException>(
            async () => await below.NextBatchAsync());
        Assert.Contains("1 to 2", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, error.LogStart.Value);
        await Assert.ThrowsAsync<OffsetOutOfRangeException>(
            async () => await world.ConsumeAsync(StartPosition.At(new LogOffset(3))));
        await using Consumer follower = await world.ConsumeAsync(StartPosition.At(new LogOffset(3)), stopAtEnd: false);
        await Assert.ThrowsAsync<OffsetOutOfRangeException>(async () => await follower.NextBatchAsync());
        await follower.SeekAsync("t", new PartitionId(0), StartPosition.Earliest);
        using ConsumedBatch? batch = await follower.NextBatchAsync();
        Assert.Equal(1, batch!.FirstOffset.Value);
    });

    [Theory]
    [InlineData(OutOfRangePolicy.Earliest, "b,c")]
    [InlineData(OutOfRangePolicy.Latest, "c")]
    public void A_policy_says_where_to_go_on(OutOfRangePolicy policy, string expected) => World.Run(async world =>
    {
        world.Topic[0].Append(Codec.None, "a");
        world.Topic[0].Append(Codec.None, "b");
        world.Topic[0].Start = new LogOffset(1);
        await using Consumer consumer = await world.ConsumeAsync(
            StartPosition.At(new LogOffset(0)), stopAtEnd: false, change: options =>
                options with { OutOfRange = policy });
        await world.DelayAsync(100);
        world.Topic[0].Append(Codec.None, "c");
        List<string> values = [];
        while (values.Count < expected.Split(',').Length)
        {
            using ConsumedBatch? batch = await consumer.NextBatchAsync();
            values.AddRange(batch!.ToRecords().Select(static record => World.Text(record.Value)));
        }

        Assert.Equal(expected, string.Join(',', values));
    });

    [Fact]
    public void A_truncated_log_is_told() => World.Run(async world =>
    {
        await using Consumer consumer = await world.ConsumeAsync(StartPosition.Earliest, stopAtEnd: false);
        world.Broker.FetchOverride = new FetchPartitionResponse(
            default,
            ErrorCode.LogTruncated,
            "history differs",
            LogOffset.None,
            LogOffset.None,
            LogOffset.None,
            LeaderEpoch.None,
            new LeaderEpoch(3),
            new LogOffset(42),
            LogOffset.None,
            0);
        LogTruncatedException error = await Assert.ThrowsAsync<LogTruncatedException>(
            async () => await consumer.NextBatchAsync());
        Assert.Equal(42, error.EpochEnd.Value);
        Assert.Equal(3, error.DivergingEpoch.Value);
    });

    [Fact]
    public void The_epoch_of_what_was_read_goes_with_the_next_question() => World.Run(async world =>
    {
        world.Topic[0].Append(Codec.None, "a");
        await using Consumer consumer = await world.ConsumeAsync(StartPosition.Earliest, stopAtEnd: false);
        (await consumer.NextBatchAsync())!.Dispose();
        await world.UntilAsync(() => world.Broker.Fetches.Count >= 2, "a second question came");
        Assert.Equal(LeaderEpoch.None, world.Broker.Fetches[0].Partitions.Span[0].LastEpoch);
        Assert.Equal(LeaderEpoch.Zero, world.Broker.Fetches[^1].Partitions.Span[0].LastEpoch);
    });

    [Fact]
    public void Damage_on_the_way_is_an_error_and_reading_again_gives_it_whole() => World.Run(async world =>
    {
        world.Topic[0].Append(Codec.None, "a", "b");
        world.Broker.Damage = static payload => payload[^1] ^= 1;
        await using Consumer consumer = await world.ConsumeAsync(StartPosition.Earliest);
        CorruptBatchException error = await Assert.ThrowsAsync<CorruptBatchException>(
            async () => await consumer.NextBatchAsync());
        Assert.Equal(0, error.At.Value);
        world.Broker.Damage = null;
        await world.UntilAsync(() => world.Broker.Fetches.Count >= 2, "a second question came");
        List<string> values = [];
        while (values.Count < 2)
        {
            try
            {
                values = await World.ReadAllAsync(consumer);
            }
            catch (CorruptBatchException)
            {
                // The question under way was still answered with damage.
            }
        }

        Assert.Equal(["a", "b"], values);
    });

    [Fact]
    public void A_batch_whose_stored_bytes_are_damaged_is_named_and_can_be_passed_by_choice() => World.Run(async world =>
    {
        for (int i = 0; i < 5; i++)
            world.Topic[0].Append(Codec.None, $"a{i}", $"b{i}");

        // As a broker that does not look at CRCs serves it: each time the same, in the middle of a run. The third batch.
        world.Broker.Damage = static payload =>
        {
            for (int at = 0; at < payload.Length; at += 12 + BinaryPrimitives.ReadInt32BigEndian(payload.AsSpan(at + 8)))
            {
                if (BinaryPrimitives.ReadInt64BigEndian(payload.AsSpan(at)) == 4)
                    payload[at + 70] ^= 1;
            }
        };
        await using Consumer consumer = await world.ConsumeAsync(StartPosition.Earliest);
        List<string> values = [];
        CorruptBatchException? damage = null;
        for (int tries = 0; values.Count < 8; tries++)
        {
            Assert.True(tries < 20, "the consumer gets no further");
            try
            {
                await foreach (ConsumedRecord record in consumer.ReadRecordsAsync())
                    values.Add(World.Text(record.Value));
            }
            catch (CorruptBatchException found)
            {
                damage = found;
                await consumer.SeekAsync(found.Topic!, found.Partition!.Value, StartPosition.At(found.ResumeAt));
            }
        }

        Assert.Equal(["a0", "b0", "a1", "b1", "a3", "b3", "a4", "b4"], values);
        Assert.Equal((4, 6), (damage!.At.Value, damage.ResumeAt.Value));
        Assert.Equal(("t", 0), (damage.Topic, damage.Partition!.Value.Value));
    });

    [Theory]
    [InlineData(0x02)]
    [InlineData(0x08)]
    public void A_batch_whose_base_offset_does_not_follow_is_damage_and_no_record_gets_a_wrong_offset(byte mask) => World.Run(async world =>
    {
        for (int i = 0; i < 5; i++)
            world.Topic[0].Append(Codec.None, $"a{i}", $"b{i}");

        // The third batch's base offset, which its CRC does not cover.
        world.Broker.Damage = payload =>
        {
            for (int at = 0; at < payload.Length; at += 12 + BinaryPrimitives.ReadInt32BigEndian(payload.AsSpan(at + 8)))
            {
                if (BinaryPrimitives.ReadInt64BigEndian(payload.AsSpan(at)) == 4)
                    payload[at + 7] ^= mask;
            }
        };
        await using Consumer consumer = await world.ConsumeAsync(StartPosition.Earliest);
        List<long> offsets = [];
        CorruptBatchException error = await Assert.ThrowsAsync<CorruptBatchException>(async () =>
        {
            await foreach (ConsumedRecord record in consumer.ReadRecordsAsync())
                offsets.Add(record.Offset.Value);
        });
        Assert.Equal([0L, 1, 2, 3], offsets);
        Assert.Equal(4, error.At.Value);
    });

    [Fact]
    public void A_loop_that_was_left_goes_on_behind_its_last_record() => World.Run(async world =>
    {
        world.Topic[0].Append(Codec.None, "a", "b", "c", "d");
        world.Topic[0].Append(Codec.None, "e");
        await using Consumer consumer = await world.ConsumeAsync(StartPosition.Earliest);
        List<string> values = [];
        for (int loop = 0; loop < 4; loop++)
        {
            await foreach (ConsumedRecord record in consumer.ReadRecordsAsync())
            {
                values.Add(World.Text(record.Value));
                break;
            }
        }

        Assert.Equal(["a", "b", "c", "d"], values);
        Assert.Equal(4, consumer.Partitions[0].Position.Value);
        Assert.Equal(["e"], await World.ReadAllAsync(consumer));
        await consumer.SeekAsync("t", new PartitionId(0), StartPosition.Earliest);
        await foreach (ConsumedRecord record in consumer.ReadRecordsAsync())
        {
            await consumer.SeekAsync("t", record.Partition, StartPosition.At(new LogOffset(3)));
            break;
        }

        Assert.Equal(["d", "e"], await World.ReadAllAsync(consumer));
    });

    [Fact]
    public void In_a_log_that_grows_an_end_is_never_before_its_start() => World.Run(async world =>
    {
        bool isOver = false;
        Task growing = GrowAsync();
        for (int i = 0; i < 50; i++)
        {
            await using Consumer consumer = await world.ConsumeAsync(StartPosition.Latest);
            await World.ReadAllAsync(consumer);
        }

        isOver = true;
        await growing;

        async Task GrowAsync()
        {
            while (!isOver)
            {
                world.Topic[0].Append(Codec.None, "x");
                await world.DelayAsync(1);
            }
        }
    });

    [Fact]
    public void Seeking_drops_what_was_received_ahead() => World.Run(async world =>
    {
        for (int i = 0; i < 10; i++)
            world.Topic[0].Append(Codec.None, $"v{i}");
        await using Consumer consumer = await world.ConsumeAsync(
            StartPosition.Earliest, change: static options => options with { FetchBytesPerPartitionMax = 1 });
        (await consumer.NextBatchAsync())!.Dispose();
        await world.DelayAsync(10);
        await consumer.SeekAsync("t", new PartitionId(0), StartPosition.At(new LogOffset(8)));
        Assert.Equal(["v8", "v9"], await World.ReadAllAsync(consumer));
        await consumer.SeekAsync("t", new PartitionId(0), StartPosition.Earliest);
        Assert.Equal(10, (await World.ReadAllAsync(consumer)).Count);
        await Assert.ThrowsAsync<ArgumentException>(
            async () => await consumer.SeekAsync("t", new PartitionId(9), StartPosition.Earliest));
    });

    [Fact]
    public void Reading_goes_on_after_the_connection_broke_and_the_broker_was_away() => World.Run(async world =>
    {
        for (int i = 0; i < 20; i++)
            world.Topic[0].Append(Codec.None, $"v{i}");
        int fetches = 0;
        world.Broker.React = api => api == ApiKey.Fetch && ++fetches % 3 == 2 ? Reaction.Break : Reaction.Serve;
        await using Consumer consumer = await world.ConsumeAsync(
            StartPosition.Earliest, change: static options => options with { FetchBytesPerPartitionMax = 1 });
        (await consumer.NextBatchAsync())!.Dispose();
        await world.Broker.StopAsync();
        await world.DelayAsync(3_000);
        world.Broker.Start();
        Assert.Equal(Enumerable.Range(1, 19).Select(static i => $"v{i}"), await World.ReadAllAsync(consumer));
    });

    [Fact]
    public void A_broker_that_stays_away_is_told_after_the_request_timeout() => World.Run(
        async world =>
        {
            await using Consumer consumer = await world.ConsumeAsync(StartPosition.Earliest, stopAtEnd: false);
            await world.Broker.StopAsync();
            MonotonicTime begin = world.Now;
            await Assert.ThrowsAnyAsync<FastLogException>(async () => await consumer.NextBatchAsync());
            Assert.InRange(world.Now.Since(begin).TotalSeconds, 2.5, 8);
        },
        setUp: static world => world.Options = world.Options with { RequestTimeout = TimeSpan.FromSeconds(3) });

    [Fact]
    public void An_unknown_topic_or_partition_is_told_when_the_consumer_is_made() => World.Run(async world =>
    {
        var nowhere = new ConsumerOptions { Assignments = [new ConsumerAssignment("nowhere", StartPosition.Earliest)] };
        FastLogException topic = await Assert.ThrowsAsync<FastLogException>(
            async () => await world.Client.CreateConsumerAsync(nowhere));
        Assert.Equal(ErrorCode.UnknownTopic, topic.Code);
        var second = new ConsumerAssignment("t", StartPosition.Earliest, [new PartitionId(1)]);
        FastLogException partition = await Assert.ThrowsAsync<FastLogException>(
            async () => await world.Client.CreateConsumerAsync(new ConsumerOptions { Assignments = [second] }));
        Assert.Equal(ErrorCode.UnknownPartition, partition.Code);
    });
}

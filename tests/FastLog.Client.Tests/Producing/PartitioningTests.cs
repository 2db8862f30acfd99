using System.Text.Json;
using FastLog.Protocol;

namespace FastLog.Client.Tests;

public class PartitioningTests
{
    [Fact]
    public void Keyed_records_land_where_the_vectors_say() => World.Run(
        async world =>
        {
            await using Producer producer = world.Client.CreateProducer();
            using JsonDocument vectors = JsonDocument.Parse(
                File.ReadAllBytes(Repository.PathOf("protocol-spec/vectors/partitioner.json")));
            foreach (JsonElement vector in vectors.RootElement.EnumerateArray())
            {
                byte[] key = Convert.FromHexString(vector.GetProperty("key").GetString()!);
                ProduceReceipt receipt = await producer.ProduceAsync("t", new ProducerRecord(key, key));
                Assert.Equal(vector.GetProperty("of8").GetInt32(), receipt.Partition.Value);
            }
        },
        partitions: 8);

    [Fact]
    public void A_null_key_stays_with_a_batch_and_then_moves_on() => World.Run(
        async world =>
        {
            await using Producer producer = world.Client.CreateProducer(
                new ProducerOptions { Linger = TimeSpan.FromMilliseconds(10) });
            for (int batch = 0; batch < 6; batch++)
            {
                for (int i = 0; i < 5; i++)
                    await producer.SendAsync("t", World.Record("v"));
                await producer.FlushAsync();
            }

            Assert.All(world.Topic.Partitions, static log => Assert.Equal(10, log.End.Value));
            Assert.All(
                world.Broker.Produced,
                static request => Assert.Equal([5], Assert.Single(request.Partitions).BatchRecords));
        },
        partitions: 3);

    [Fact]
    public void A_null_key_moves_on_with_every_full_batch_however_fast_the_sender() => World.Run(
        async world =>
        {
            const int records = 9_000;
            await using Producer producer = world.Client.CreateProducer(new ProducerOptions { BatchBytes = 4_096 });
            TopicProducer topic = await producer.OpenTopicAsync("t");
            byte[] value = new byte[100];
            for (int i = 0; i < records; i++)
                Assert.True(topic.TrySend(new ProducerRecord(value), out _));
            await producer.FlushAsync();
            Assert.All(world.Topic.Partitions, static log => Assert.InRange(log.End.Value, records / 4, records / 2));
        },
        partitions: 3);

    [Fact]
    public void A_partition_that_is_not_there_is_an_error_that_tells_the_range() => World.Run(
        async world =>
        {
            await using Producer producer = world.Client.CreateProducer();
            FastLogException error = await Assert.ThrowsAsync<FastLogException>(
                async () => await producer.SendAsync("t", World.Record("v", partition: 3)));
            Assert.Equal(ErrorCode.UnknownPartition, error.Code);
            Assert.Contains("it has 3", error.Message, StringComparison.Ordinal);
        },
        partitions: 3);

    [Fact]
    public void An_unknown_topic_is_an_error_with_its_name() => World.Run(async world =>
    {
        await using Producer producer = world.Client.CreateProducer();
        FastLogException error = await Assert.ThrowsAsync<FastLogException>(
            async () => await producer.SendAsync("nowhere", World.Record("v")));
        Assert.Equal(ErrorCode.UnknownTopic, error.Code);
        Assert.Equal("nowhere", error.Topic);
        Assert.False(error.IsRetriable);
    });
}

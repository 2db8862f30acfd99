using System.Text;
using FastLog.Primitives;
using FastLog.Records.Partitioning;

namespace FastLog.Client.Tests;

/// <summary>Topics that get more partitions while they are in use.</summary>
public class GrowingTopicTests
{
    [Fact]
    public void A_producer_spreads_keys_over_new_partitions_once_its_metadata_is_old() => World.Run(
        async world =>
        {
            await using Producer producer = world.Client.CreateProducer();
            await producer.ProduceAsync("t", World.Record("v", "k"));
            Grow(world, 8);
            ProduceReceipt before = await producer.ProduceAsync("t", World.Record("v", "k2"));
            Assert.Equal(KeyPartitioner.PartitionOf("k2"u8, 2), before.Partition);
            await world.DelayAsync(70_000);
            for (int i = 0; i < 6; i++)
            {
                string key = $"key {i}";
                ProduceReceipt receipt = await producer.ProduceAsync("t", World.Record("v", key));
                Assert.Equal(KeyPartitioner.PartitionOf(Encoding.UTF8.GetBytes(key), 8), receipt.Partition);
            }
        },
        partitions: 2,
        setUp: Impatient);

    [Fact]
    public void A_consumer_of_a_whole_topic_reads_new_partitions_from_their_first_record() => World.Run(
        async world =>
        {
            await using Consumer consumer = await world.ConsumeAsync(StartPosition.Latest, stopAtEnd: false);
            Grow(world, 3);
            await using FastLogClient other = FastLogClient.Connect(world.Options, world.Network, world.Scheduler.Ports);
            await using Producer producer = other.CreateProducer();
            await producer.ProduceAsync("t", World.Record("early", partition: 2));
            List<string> values = [];
            await foreach (ConsumedRecord record in consumer.ReadRecordsAsync())
            {
                values.Add(World.Text(record.Value));
                if (values.Count == 2)
                    break;
                Assert.Equal(3, consumer.Partitions.Count);
                await producer.ProduceAsync("t", World.Record("late", partition: 1));
            }

            Assert.Equal(["early", "late"], values);
        },
        partitions: 1,
        setUp: Impatient);

    [Fact]
    public void A_consumer_of_named_partitions_stays_with_them() => World.Run(
        async world =>
        {
            await using Consumer consumer = await world.ConsumeAsync(StartPosition.Earliest, stopAtEnd: false, options => options with
            {
                Assignments = [new ConsumerAssignment("t", StartPosition.Earliest, [new PartitionId(0)])],
            });
            Grow(world, 3);
            await world.DelayAsync(300_000);
            Assert.Single(consumer.Partitions);
        },
        partitions: 1,
        setUp: Impatient);

    private static void Impatient(World world) =>
        world.Options = world.Options with { MetadataAgeMax = TimeSpan.FromMinutes(1) };

    private static void Grow(World world, int partitions)
    {
        while (world.Topic.Partitions.Count < partitions)
            world.Topic.Partitions.Add(new FakeLog());
    }
}

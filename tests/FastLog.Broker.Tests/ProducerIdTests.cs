using FastLog.Broker.Producers;
using FastLog.Broker.Tests.Support;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Messages;
using FastLog.Records;
using FastLog.Simulator;

namespace FastLog.Broker.Tests;

/// <summary>Producer ids are given once, whatever crashes; what they are for works over the wire.</summary>
public sealed class ProducerIdTests
{
    [Fact]
    public void No_id_is_given_twice_whatever_disk_operation_a_power_cut_hits()
    {
        int cuts = 0;
        for (int at = 1; at < 1000; at++)
        {
            var scheduler = new SimulatedScheduler((ulong)at);
            var disk = new SimulatedDisk((ulong)at);
            disk.CreateDirectory("d");
            disk.FlushDirectory("");
            long cutAt = disk.OperationCount + at;
            bool isCut = false;
            var given = new HashSet<long>();
            disk.BeforeOperation += operation =>
            {
                if (operation.Number != cutAt || isCut)
                    return;
                isCut = true;
                disk.PowerCut(new Prng((ulong)at));
            };
            for (int life = 0; life < 4; life++)
            {
                var ids = new ProducerIds(new LocalProducerIdStore(disk.Attach(), "d", scheduler.Ports));
                try
                {
                    scheduler.Run(async () =>
                    {
                        for (int i = 0; i < BrokerLimits.ProducerIdBlock + 1; i++)
                        {
                            long id = await ids.NextAsync();
                            Assert.True(id >= 0);
                            Assert.True(given.Add(id), $"{id} was given twice, cut at operation {at}");
                        }
                    });
                }
                catch (ProducerIdStoreException)
                {
                    // The power cut, as this life sees it.
                }
            }

            if (!isCut)
                break;
            cuts++;
        }

        Assert.True(cuts > 20, $"only {cuts} operations were cut");
    }

    [Fact]
    public void A_damaged_file_is_begun_anew_elsewhere_and_a_later_version_stops()
    {
        var scheduler = new SimulatedScheduler(1);
        var disk = new SimulatedDisk(1);
        disk.CreateDirectory("d");
        long first = 0;
        scheduler.Run(async () => first = await Store(disk, scheduler).ReserveBlockAsync());
        byte[] file = disk.Peek("d/producer-ids");
        file[^1] ^= 1;
        Overwrite(disk, file);
        long second = 0;
        scheduler.Run(async () => second = await Store(disk, scheduler).ReserveBlockAsync());
        Assert.True(Math.Abs(second - first) > BrokerLimits.ProducerIdBlock);
        Storage.Disk.AtomicFile.Write(
            disk, "d", LocalProducerIdStore.FileName, LocalProducerIdStore.Magic, LocalProducerIdStore.Version + 1, new byte[8]);
        Assert.Throws<ProducerIdStoreException>(() => scheduler.Run(async () => await Store(disk, scheduler).ReserveBlockAsync()));
    }

    [Fact]
    public void The_file_is_the_one_of_its_page()
    {
        var scheduler = new SimulatedScheduler(1);
        var disk = new SimulatedDisk(1);
        disk.CreateDirectory("d");
        byte[] content = [0, 0, 0, 0, 0, 0x40, 0x49, 0x08];
        Storage.Disk.AtomicFile.Write(disk, "d", "producer-ids", 0x464C5049, 1, content);
        scheduler.Run(async () => Assert.Equal(4_213_000, await Store(disk, scheduler).ReserveBlockAsync()));
        scheduler.Run(async () => Assert.Equal(4_214_000, await Store(disk, scheduler).ReserveBlockAsync()));
    }

    [Fact]
    public void Ids_differ_over_restarts_and_a_full_disk_is_a_typed_error()
    {
        using var world = new SimulatedWorld(seed: 5);
        var given = new List<long>();
        world.RunAsync(async () =>
        {
            for (int life = 0; life < 3; life++)
            {
                await using BrokerNode broker = await world.StartAsync();
                using TestClient client = await world.ConnectAsync(broker);
                for (int i = 0; i < 3; i++)
                    given.Add(await InitAsync(client));
            }

            Assert.Equal(9, given.Distinct().Count());
            await using BrokerNode full = await world.StartAsync();
            using TestClient refused = await world.ConnectAsync(full);
            world.RawDisk.Faults.Fail(DiskOperation.Write, DiskErrors.NoSpace, pathEnd: ".tmp");
            Assert.Equal(ErrorCode.ProducerIdsNotAvailable, (await refused.AskAsync(new InitProducerRequest())).Error().Code);
            given.Add(await InitAsync(refused));
            Assert.Equal(10, given.Distinct().Count());
        });
    }

    [Fact]
    public void A_retry_gets_the_same_offset_also_after_a_restart_and_what_does_not_follow_is_refused()
    {
        using var world = new SimulatedWorld(seed: 6);
        world.RunAsync(async () =>
        {
            TopicId topic;
            long id;
            await using (BrokerNode broker = await world.StartAsync())
            {
                using TestClient client = await world.ConnectAsync(broker);
                topic = await client.CreateAsync("orders");
                id = await InitAsync(client);
                await ExpectAsync(client, 0, 0, 0, "a", "b");
                await ExpectAsync(client, 2, 0, 2, "c");
                await ExpectAsync(client, 0, 0, 0, "a", "b");
            }

            await using (BrokerNode broker = await world.StartAsync())
            {
                await broker.Ready;
                using TestClient client = await world.ConnectAsync(broker);
                await ExpectAsync(client, 0, 0, 0, "a", "b");
                await ExpectAsync(client, 2, 0, 2, "c");
                await RefusedAsync(client, ErrorCode.OutOfOrderSequence, 0, 4);
                await ExpectAsync(client, 3, 1, 0, "d");
                await RefusedAsync(client, ErrorCode.ProducerFenced, 0, 3);
                (_, string[] values) = await client.FetchAsync(topic, 0);
                Assert.Equal(["a", "b", "c", "d"], values);
            }

            async Task ExpectAsync(TestClient client, long offset, int epoch, int sequence, params string[] values)
            {
                ProducePartitionResponse answer = await client.ProduceAsync(topic, Batch(world, id, epoch, sequence, values));
                Assert.Equal((ErrorCode.None, offset), (answer.Error, answer.BaseOffset.Value));
                Assert.Equal(offset + values.Length - 1, answer.LastOffset.Value);
                Assert.Equal(Durability.ThisDisk, answer.Durability);
            }

            async Task RefusedAsync(TestClient client, ErrorCode code, int epoch, int sequence)
            {
                ProducePartitionResponse answer = await client.ProduceAsync(topic, Batch(world, id, epoch, sequence, "x"));
                Assert.Equal((code, -1), (answer.Error, answer.BaseOffset.Value));
                Assert.NotEmpty(answer.ErrorMessage);
            }
        });
    }

    private static LocalProducerIdStore Store(SimulatedDisk disk, SimulatedScheduler scheduler) =>
        new(disk.Attach(), "d", scheduler.Ports);

    private static void Overwrite(SimulatedDisk disk, byte[] bytes)
    {
        using Storage.Disk.IDiskFile file = disk.Attach().Open("d/producer-ids", Storage.Disk.DiskOpenMode.ReadWrite);
        file.Write(FilePosition.Zero, bytes);
    }

    private static async Task<long> InitAsync(TestClient client)
    {
        InitProducerResponse response = await client.AskAsync<InitProducerRequest, InitProducerResponse>(
            new InitProducerRequest());
        Assert.Equal(0, response.ProducerEpoch);
        return response.ProducerId;
    }

    private static byte[] Batch(World world, long id, int epoch, int sequence, params string[] values)
    {
        var builder = new BatchBuilder(new byte[4096]);
        foreach (string value in values)
            Assert.True(builder.TryAppend(world.Ports.Clock.WallNow, default, System.Text.Encoding.UTF8.GetBytes(value)));
        return builder.Build(Codec.None, new BatchProducer(id, (short)epoch, sequence)).ToArray();
    }
}

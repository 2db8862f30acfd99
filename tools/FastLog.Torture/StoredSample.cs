using System.Text;
using FastLog.Primitives;
using FastLog.Records;
using FastLog.Simulator;
using FastLog.Storage;
using FastLog.Storage.Maintenance;

namespace FastLog.Torture;

/// <summary>
/// A data directory on a simulated disk with every kind of file the engine and a broker alone write, and what is in it: partitions
/// with sealed and active segments, several leader epochs, batches of one record and of many, compressed ones, idempotent
/// producers, a log start that moved, a compacted log, cut files. Stopped cleanly or killed, all of it durable and recorded.
/// From a seed.
/// </summary>
internal sealed class StoredSample
{
    public const string Root = "/data";
    public const string Topic = "sample";

    private const int Lives = 3;
    private const int BatchesALife = 40;

    private StoredSample(SimulatedDisk disk, IReadOnlyList<StoredPartition> partitions, BrokerFiles broker, bool wasStopped)
    {
        Disk = disk;
        Partitions = partitions;
        Broker = broker;
        WasStopped = wasStopped;
        Files = [.. disk.Files().Select(file => (file.Path, file.Length))];
    }

    public SimulatedDisk Disk { get; }

    public IReadOnlyList<StoredPartition> Partitions { get; }

    /// <summary>What the broker keeps beside the partitions.</summary>
    public BrokerFiles Broker { get; }

    public bool WasStopped { get; }

    /// <summary>All files, by path: whatever was written.</summary>
    public IReadOnlyList<(string Path, long Length)> Files { get; }

    public static StoredSample Make(ulong seed, bool stop)
    {
        var random = new Prng(seed);
        var disk = new SimulatedDisk(seed);
        var topic = new TopicId(new Uid128(0x5A, random.NextUInt64() | 1));
        StoredPartition[] partitions = [.. Enumerable.Range(0, 3).Select(number => StoredPartition.Make(topic, number))];
        var broker = new BrokerFiles(topic);
        for (int life = 0; life < Lives; life++)
        {
            bool isStopped = life < Lives - 1 ? life == 0 : stop;
            RunLife(disk, seed + (ulong)life, partitions, broker, random, life, isStopped);
            if (!isStopped)
                disk.ProcessKill();
        }

        var sample = new StoredSample(disk, partitions, broker, stop);
        sample.TakeCompacted(seed);
        return sample;
    }

    /// <summary>What a compaction left is what is read before any harm; of each key its last record must be there.</summary>
    private void TakeCompacted(ulong seed)
    {
        var whole = new SampleExamination(this, Disk.Clone(seed), seed) { MayBeShorter = true };
        whole.Run();
        Invariant.Check(whole.Violations.Count == 0);
        foreach (StoredPartition partition in Partitions)
        {
            if (partition.Options.Compaction is null)
                continue;
            partition.Expected.IntersectWith(whole.Seen[partition.Id]);
            Invariant.Check(partition.Expected.Count < partition.Records.Count);
            foreach (IGrouping<string, StoredRecord> ofKey in partition.Records.GroupBy(static record => record.Key))
                Invariant.Check(partition.Expected.Contains(ofKey.Last().Offset.Value));
        }

        var examination = new SampleExamination(this, Disk.Clone(seed), seed) { KnowsProducers = true, LooksUp = true };
        examination.Run();
        Invariant.Check(examination.Violations.Count == 0 && examination.Refusals.Count == 0 && examination.Missing == 0);
    }

    private static void RunLife(
        SimulatedDisk disk, ulong seed, StoredPartition[] partitions, BrokerFiles broker, Prng random, int life, bool stop)
    {
        var scheduler = new SimulatedScheduler(seed);
        Task run = scheduler.Main.Start(async () =>
        {
            RuntimePorts ports = scheduler.Main.Ports;
            LogDirectory directory = LogDirectory.Open(
                disk.Attach(), Root, new LogDirectoryOptions { NodeId = new NodeId(1) }, ports);
            if (life == 0)
                await broker.WriteAsync(disk.Attach(), ports);
            foreach (StoredPartition partition in partitions)
            {
                PartitionLog log = await directory.OpenPartitionAsync(partition.Id, Topic, partition.Options, CancellationToken.None);
                for (int i = 0; i < BatchesALife; i++)
                    await AppendAsync(log, partition, random);
                if (partition.IsTrimmed && life == 1)
                {
                    LogOffset start = await log.TrimPrefixAsync(new LogOffset(partition.Records.Count / 3));
                    partition.Expected.RemoveWhere(offset => offset < start.Value);
                }

                if (partition.Options.Compaction is not null)
                    await directory.RunMaintenanceAsync(partition.Id, MaintenanceKind.Compaction);
            }

            // The recovery log's entry of the last flush is durable by then.
            await ports.Timers.DelayAsync(TimeSpan.FromMilliseconds(50), CancellationToken.None);
            if (stop)
                await directory.DisposeAsync();
        });
        scheduler.RunUntil(() => run.IsCompleted, "the sample is not written");
        run.GetAwaiter().GetResult();
    }

    private static async Task AppendAsync(PartitionLog log, StoredPartition partition, Prng random)
    {
        List<StoredRecord> records = partition.Records;
        var builder = new BatchBuilder(new byte[64 << 10]);
        int count = (int)random.Next(1, 8);
        bool isCompressed = random.Chance(0.2);
        for (int i = 0; i < count; i++)
        {
            var record = new StoredRecord(
                new LogOffset(records.Count),
                1_700_000_000_000 + records.Count,
                $"key-{random.Next(0, 50)}",
                $"value-{records.Count}-{new string((char)('a' + random.Next(0, 26)), (int)random.Next(0, 120))}");
            Invariant.Check(builder.TryAppend(
                new Timestamp(record.Timestamp), Encoding.UTF8.GetBytes(record.Key), Encoding.UTF8.GetBytes(record.Value)));
            partition.Expected.Add(records.Count);
            records.Add(record);
        }

        BatchProducer producer = partition.NextProducer(count);
        byte[] batch = builder.Build(isCompressed ? Codec.Gzip : Codec.None, producer).ToArray();
        AppendResult result = await log.AppendAsync(batch.ToArray(), AppendMode.Confirmed);
        Invariant.Check(result.Status == AppendStatus.Ok);
        partition.LastBatch = batch;
    }
}

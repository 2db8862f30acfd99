using System.Text;
using FastLog.Primitives;
using FastLog.Records;
using FastLog.Simulator;
using FastLog.Storage;

namespace FastLog.Torture;

/// <summary>A record as the sample stored it.</summary>
internal readonly record struct StoredRecord(LogOffset Offset, long Timestamp, string Key, string Value);

/// <summary>One partition of the sample and all that it holds.</summary>
internal sealed record StoredPartition(TopicPartition Id, List<StoredRecord> Records);

/// <summary>
/// A data directory on a simulated disk with every kind of file the engine writes, and what is in it: partitions with sealed
/// and active segments, several leader epochs, batches of one record and of many, compressed ones, cut files. Stopped cleanly
/// or killed, all of it durable and recorded. From a seed.
/// </summary>
internal sealed class StoredSample
{
    public const string Root = "/data";
    public const string Topic = "sample";

    public static readonly PartitionLogOptions Options = new() { SegmentSizeMax = 16 << 10 };

    private const int Lives = 3;
    private const int BatchesALife = 40;

    private StoredSample(SimulatedDisk disk, IReadOnlyList<StoredPartition> partitions, bool wasStopped)
    {
        Disk = disk;
        Partitions = partitions;
        WasStopped = wasStopped;
        Files = [.. disk.Files().Select(file => (file.Path, file.Length))];
    }

    public SimulatedDisk Disk { get; }

    public IReadOnlyList<StoredPartition> Partitions { get; }

    public bool WasStopped { get; }

    /// <summary>All files, by path: whatever the engine wrote.</summary>
    public IReadOnlyList<(string Path, long Length)> Files { get; }

    public static StoredSample Make(ulong seed, bool stop)
    {
        var random = new Prng(seed);
        var disk = new SimulatedDisk(seed);
        var topic = new TopicId(new Uid128(0x5A, random.NextUInt64() | 1));
        StoredPartition[] partitions =
            [.. Enumerable.Range(0, 2).Select(number => new StoredPartition(new TopicPartition(topic, new PartitionId(number)), []))];
        for (int life = 0; life < Lives; life++)
        {
            bool isStopped = life < Lives - 1 ? life == 0 : stop;
            RunLife(disk, seed + (ulong)life, partitions, random, isStopped);
            if (!isStopped)
                disk.ProcessKill();
        }

        return new StoredSample(disk, partitions, stop);
    }

    private static void RunLife(
        SimulatedDisk disk, ulong seed, StoredPartition[] partitions, Prng random, bool stop)
    {
        var scheduler = new SimulatedScheduler(seed);
        Task life = scheduler.Main.Start(async () =>
        {
            LogDirectory directory = LogDirectory.Open(
                disk.Attach(), Root, new LogDirectoryOptions { NodeId = new NodeId(1) }, scheduler.Main.Ports);
            foreach (StoredPartition partition in partitions)
            {
                PartitionLog log = await directory.OpenPartitionAsync(partition.Id, Topic, Options, CancellationToken.None);
                for (int i = 0; i < BatchesALife; i++)
                    await AppendAsync(log, partition.Records, random);
            }

            // The recovery log's entry of the last flush is durable by then.
            await scheduler.Main.Ports.Timers.DelayAsync(TimeSpan.FromMilliseconds(50), CancellationToken.None);
            if (stop)
                await directory.DisposeAsync();
        });
        scheduler.RunUntil(() => life.IsCompleted, "the sample is not written");
        life.GetAwaiter().GetResult();
    }

    private static async Task AppendAsync(PartitionLog log, List<StoredRecord> records, Prng random)
    {
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
            records.Add(record);
        }

        ReadOnlyMemory<byte> batch = isCompressed ? builder.Build(Codec.Gzip).ToArray() : builder.Build().ToArray();
        AppendResult result = await log.AppendAsync(batch, AppendMode.Confirmed);
        Invariant.Check(result.Status == AppendStatus.Ok);
    }
}

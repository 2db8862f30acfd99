using FastLog.Primitives;
using FastLog.Records;
using FastLog.Simulator;

namespace FastLog.Storage.Tests.Logs;

/// <summary>A record as tests compare it.</summary>
internal readonly record struct TestRecord(long Offset, long Timestamp, string Value);

/// <summary>
/// A data directory over a simulated disk, with one partition, on one thread. Each start is a process of its own; a power cut
/// or a kill ends it.
/// </summary>
internal sealed class StorageRig
{
    public const string Root = "/data";
    public const string TopicName = "orders";

    public static readonly TopicPartition Id = new(new TopicId(new Uid128(0x1111, 0x2222)), new PartitionId(3));

    public StorageRig(ulong seed, PartitionLogOptions? options = null, SimulatedDisk? disk = null)
    {
        Seed = seed;
        Scheduler = new SimulatedScheduler(seed);
        Disk = disk ?? new SimulatedDisk(seed);
        Options = options ?? new PartitionLogOptions();
        Process = Scheduler.Main;
    }

    public ulong Seed { get; }

    public SimulatedScheduler Scheduler { get; }

    public SimulatedDisk Disk { get; }

    public SimulatedProcess Process { get; private set; }

    public PartitionLogOptions Options { get; set; }

    public LogDirectory Directory { get; private set; } = null!;

    public PartitionLog Log { get; private set; } = null!;

    public List<StorageEvent> Events { get; } = [];

    /// <summary>Of the data directory from the next start on.</summary>
    public CompactionOptions Compaction { get; set; } = new();

    /// <summary>As above.</summary>
    public long FreeReserve { get; set; }

    public static string PartitionPath => $"{Root}/topics/{TopicName}-{Id.Topic}/{Id.Partition}";

    /// <summary>A batch of records whose timestamps are all <paramref name="timestamp"/>.</summary>
    public static byte[] Batch(long timestamp, params string[] values)
    {
        var builder = new BatchBuilder(new byte[1 << 20]);
        foreach (string value in values)
            Assert.True(builder.TryAppend(new Timestamp(timestamp), default, System.Text.Encoding.UTF8.GetBytes(value)));
        return builder.Build().ToArray();
    }

    public static LogDirectoryOptions DirectoryOptions(Action<StorageEvent>? onEvent = null) =>
        new() { NodeId = new NodeId(1), OnEvent = onEvent };

    public static string DataFile(long baseOffset) => $"{PartitionPath}/{baseOffset:D20}.log";

    public void Run(Func<Task> body)
    {
        Task task = Process.Start(body);
        Scheduler.RunUntil(() => task.IsCompleted, "the step has not ended");
        task.GetAwaiter().GetResult();
    }

    public void Start()
    {
        NextProcess();
        Run(OpenAsync);
    }

    /// <summary>What a start does, in the present process.</summary>
    public async Task OpenAsync()
    {
        Directory = LogDirectory.Open(Disk.Attach(), Root, DirectoryOptions(Events.Add) with
        {
            Compaction = Compaction,
            FreeReserve = FreeReserve,
        }, Process.Ports);
        Log = await Directory.OpenPartitionAsync(Id, TopicName, Options, CancellationToken.None);
    }

    public SimulatedProcess NextProcess() => Process = Scheduler.CreateProcess($"life-{Scheduler.Elapsed.Ticks}");

    public void Stop() => Run(async () => await Directory.DisposeAsync());

    public void PowerCut(Prng random, PowerCutOutcome outcome = PowerCutOutcome.Random)
    {
        Process.Kill();
        Disk.PowerCut(random, outcome);
    }

    public void Kill()
    {
        Process.Kill();
        Disk.ProcessKill();
    }

    public AppendResult Append(ReadOnlyMemory<byte> batches, AppendMode mode = AppendMode.Confirmed)
    {
        AppendResult result = default;
        Run(async () => result = await Log.AppendAsync(batches, mode));
        return result;
    }

    public AppendResult Append(long timestamp, params string[] values) => Append(Batch(timestamp, values));

    public OffsetLookup Find(long timestamp)
    {
        OffsetLookup result = default;
        Run(async () => result = await Log.FindByTimestampAsync(new Timestamp(timestamp)));
        return result;
    }

    /// <summary>All records from an offset to the readable end, read in steps of a size.</summary>
    public List<TestRecord> ReadAll(long from = 0, int bytesMax = 1 << 20)
    {
        var records = new List<TestRecord>();
        var next = new LogOffset(from);
        while (next < Log.ReadableEnd)
        {
            ReadResult result = Log.Read(next, bytesMax, Log.ReadableEnd);
            Assert.Equal(ReadStatus.Ok, result.Status);
            Assert.False(result.Region.IsEmpty);
            Decode(result, records);
            result.Region.Release();
            Assert.True(result.NextOffset > next);
            next = result.NextOffset;
        }

        return records;
    }

    public static void Decode(ReadResult result, List<TestRecord> records)
    {
        byte[] bytes = new byte[result.Region.Length];
        Assert.Equal(bytes.Length, result.Region.File!.Read(result.Region.Position, bytes));
        var reader = new BatchReader(bytes, BatchCheck.Checksum);
        using var inflate = new InflateBuffer(BufferPool.Shared);
        while (reader.Read())
        {
            Assert.Equal(BatchStatus.Ok, reader.TryOpenRecords(inflate, out RecordReader record));
            while (record.Read())
            {
                records.Add(new TestRecord(
                    record.Offset.Value,
                    record.Timestamp.UnixMilliseconds,
                    System.Text.Encoding.UTF8.GetString(record.Value.Span)));
            }
        }

        Assert.Equal(BatchStatus.Ok, reader.Status);
        Assert.Equal(result.NextOffset.Value, reader.Header.NextOffset.Value);
    }
}

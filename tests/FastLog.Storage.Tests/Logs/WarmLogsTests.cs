using FastLog.Primitives;
using FastLog.Simulator;
using FastLog.Storage.Disk;
using FastLog.Storage.Flushing;

namespace FastLog.Storage.Tests.Logs;

/// <summary>Logs whose files are closed while others are appended to.</summary>
public sealed class WarmLogsTests
{
    private const int WarmMax = 3;

    /// <summary>
    /// A few logs of many may be warm; random ones are appended to, some at once, and read, with rests between. Each life ends by
    /// a stop, a kill or a power cut that loses what was not flushed; the latter only where acknowledged means flushed, or
    /// after a stop. A list in memory says what must be there.
    /// </summary>
    [Theory]
    [InlineData(1, FlushMode.Ack)]
    [InlineData(2, FlushMode.Ack)]
    [InlineData(3, FlushMode.Ack)]
    [InlineData(4, FlushMode.Os)]
    [InlineData(5, FlushMode.Os)]
    [InlineData(6, FlushMode.Os)]
    public void Appends_reads_and_crashes_around_cooling_lose_nothing(ulong seed, FlushMode mode)
    {
        var random = new Prng(seed);
        FlushPolicy flush = mode == FlushMode.Os ? FlushPolicy.Os : FlushPolicy.Ack;
        var rig = new StorageRig(seed, new PartitionLogOptions { SegmentSizeMax = 24 << 10, Flush = flush });
        List<string>[] expected = [.. Enumerable.Range(0, 12).Select(_ => new List<string>())];
        long cooled = 0;
        for (int life = 0; life < 6; life++)
        {
            bool isStopped = life % 3 == 2;
            SimulatedProcess process = rig.NextProcess();
            rig.Run(async () =>
            {
                LogDirectory directory = LogDirectory.Open(rig.Disk.Attach(), StorageRig.Root, Options(), process.Ports);
                PartitionLog[] logs = await OpenAsync(directory, expected.Length, rig.Options);
                for (int i = 0; i < logs.Length; i++)
                    Assert.Equal(expected[i], Values(logs[i]));
                for (int step = 0; step < 80; step++)
                {
                    await AppendSomeAsync(logs, expected, $"{life}/{step}", random, Wait(process));
                    if (random.Next(8) == 0)
                        await process.Ports.Timers.DelayAsync(TimeSpan.FromSeconds(2), CancellationToken.None);
                    int read = (int)random.Next(logs.Length);
                    Assert.Equal(expected[read], Values(logs[read]));
                    Assert.InRange(directory.WarmLogs, 0, WarmMax * StorageLimits.WarmExcess);
                }

                cooled += logs.Length - directory.WarmLogs;
                if (isStopped)
                    await directory.DisposeAsync();
            });
            if (isStopped || (mode == FlushMode.Ack && life % 2 == 0))
                rig.PowerCut(random, PowerCutOutcome.AllLost);
            else
                rig.Kill();
        }

        Assert.True(cooled > 0, $"seed {seed}: no log was cold at the end of a life");
        Assert.True(rig.Disk.Violations.Count == 0, $"seed {seed}: {string.Join("; ", rig.Disk.Violations)}");
        SimulatedProcess last = rig.NextProcess();
        rig.Run(async () =>
        {
            await using LogDirectory directory = LogDirectory.Open(rig.Disk.Attach(), StorageRig.Root, Options(), last.Ports);
            PartitionLog[] logs = await OpenAsync(directory, expected.Length, rig.Options);
            for (int i = 0; i < logs.Length; i++)
                Assert.Equal(expected[i], Values(logs[i]));
        });
    }

    /// <summary>Retention begins segments without an append: that must not keep a log open that nobody appends to.</summary>
    [Fact]
    public void A_log_whose_newest_segment_is_empty_is_closed_too()
    {
        var rig = new StorageRig(1, new PartitionLogOptions());
        SimulatedProcess process = rig.NextProcess();
        rig.Run(async () =>
        {
            await using LogDirectory directory = LogDirectory.Open(rig.Disk.Attach(), StorageRig.Root, Options(), process.Ports);
            PartitionLog[] logs = await OpenAsync(directory, 12, rig.Options);
            foreach (PartitionLog log in logs)
            {
                Assert.Equal(AppendStatus.Ok, (await log.AppendAsync(StorageRig.Batch(1_000, "v"), AppendMode.Confirmed)).Status);
                await log.RollIfOlderAsync(TimeSpan.Zero);
                Assert.Equal(2, log.SegmentCount);
                await process.Ports.Timers.DelayAsync(TimeSpan.FromSeconds(2), CancellationToken.None);
            }

            Assert.InRange(directory.WarmLogs, 0, WarmMax);
            foreach (PartitionLog log in logs)
                Assert.Equal(1, (await AppendAsync(log, "w", Wait(process))).BaseOffset.Value);
        });
        Assert.Empty(rig.Disk.Violations);
    }

    [Fact]
    public void A_burst_opens_no_more_logs_than_the_bound()
    {
        var rig = new StorageRig(1, new PartitionLogOptions());
        SimulatedProcess process = rig.NextProcess();
        rig.Run(async () =>
        {
            await using LogDirectory directory = LogDirectory.Open(rig.Disk.Attach(), StorageRig.Root, Options(), process.Ports);
            PartitionLog[] logs = await OpenAsync(directory, 12, rig.Options);
            Task<AppendResult>[] appends = Array.ConvertAll(logs, log => AppendAsync(log, "v", Wait(process)));
            Assert.Equal(WarmMax * StorageLimits.WarmExcess, directory.WarmLogs);
            foreach (Task<AppendResult> append in appends)
                Assert.Equal(0, (await append).BaseOffset.Value);
        });
    }

    /// <summary>On the machine's own disk: what the kernel says is open and mapped, after an append to each of many logs.</summary>
    [Fact]
    public async Task Few_files_and_mappings_of_many_logs_are_open()
    {
        const int Logs = 400;
        string parent = Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();
        string root = Directory.CreateDirectory(Path.Combine(parent, $"fastlog-warm-{Environment.ProcessId}")).FullName;
        using var blocking = new BlockingThreads("test", 4);
        try
        {
            await using LogDirectory directory =
                LogDirectory.Open(new OsDisk(), root, Options(), SystemPorts.Create(blocking));
            PartitionLog[] logs = await OpenAsync(directory, Logs, new PartitionLogOptions());
            long end = Environment.TickCount64 + 30_000;
            foreach (PartitionLog log in logs)
                await AppendAsync(log, "v", YieldAsync);
            int warmMax = WarmMax * StorageLimits.WarmExcess;
            while (directory.WarmLogs > warmMax && Environment.TickCount64 < end)
                await Task.Yield();
            Assert.InRange(directory.WarmLogs, 1, warmMax);
            int files = Directory.GetFiles("/proc/self/fd").Count(fd => LinkOf(fd).StartsWith(root, StringComparison.Ordinal));
            Assert.InRange(files, 1, (3 * warmMax) + 5);
            int maps = File.ReadLines("/proc/self/maps").Count(line => line.Contains(root, StringComparison.Ordinal));
            Assert.InRange(maps, 1, 2 * warmMax);
            foreach (PartitionLog log in logs)
                Assert.Equal(["v"], Values(log));

            async Task YieldAsync()
            {
                Assert.True(Environment.TickCount64 < end, "no log was closed for another one");
                await Task.Yield();
            }
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private static Func<Task> Wait(SimulatedProcess process) =>
        () => process.Ports.Timers.DelayAsync(TimeSpan.FromMilliseconds(1), CancellationToken.None);

    private static LogDirectoryOptions Options() => StorageRig.DirectoryOptions() with { WarmLogsMax = WarmMax };

    private static async Task<PartitionLog[]> OpenAsync(LogDirectory directory, int count, PartitionLogOptions options)
    {
        var logs = new PartitionLog[count];
        for (int i = 0; i < count; i++)
        {
            var id = new TopicPartition(StorageRig.Id.Topic, new PartitionId(i));
            logs[i] = await directory.OpenPartitionAsync(id, StorageRig.TopicName, options, CancellationToken.None);
        }

        return logs;
    }

    /// <summary>One to four appends at once, each to another log: several share a round of the recovery log.</summary>
    private static async Task AppendSomeAsync(
        PartitionLog[] logs, List<string>[] expected, string name, Prng random, Func<Task> wait)
    {
        var appends = new List<(int At, Task<AppendResult> Result)>();
        for (int left = (int)random.Next(1, 5); left > 0; left--)
        {
            int at = (int)random.Next(logs.Length);
            if (appends.Exists(append => append.At == at))
                continue;
            string value = $"{name}/{left}/{new string('x', (int)random.Next(1, 2_000))}";
            appends.Add((at, AppendAsync(logs[at], value, wait)));
            expected[at].Add(value);
        }

        foreach ((int at, Task<AppendResult> result) in appends)
            Assert.InRange((await result).BaseOffset.Value, 0, expected[at].Count - 1);
    }

    /// <summary>Where too many others are open it is refused for a while, as a client would hear.</summary>
    private static async Task<AppendResult> AppendAsync(PartitionLog log, string value, Func<Task> wait)
    {
        while (true)
        {
            AppendResult result = await log.AppendAsync(StorageRig.Batch(1_000, value), AppendMode.Confirmed);
            if (result.Status == AppendStatus.Ok)
                return result;
            Assert.Equal(AppendStatus.Busy, result.Status);
            await wait();
        }
    }

    private static List<string> Values(PartitionLog log)
    {
        var records = new List<TestRecord>();
        for (LogOffset next = LogOffset.Zero; next < log.ReadableEnd;)
        {
            ReadResult result = log.Read(next, 1 << 20, log.ReadableEnd);
            Assert.Equal(ReadStatus.Ok, result.Status);
            StorageRig.Decode(result, records);
            result.Region.Release();
            next = result.NextOffset;
        }

        return records.ConvertAll(static record => record.Value);
    }

    private static string LinkOf(string fd)
    {
        try
        {
            return new FileInfo(fd).LinkTarget ?? "";
        }
        catch (IOException)
        {
            return "";
        }
    }
}

using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using FastLog.Primitives;
using FastLog.Records;
using FastLog.Storage;
using FastLog.Storage.Disk;
using FastLog.Storage.Flushing;
using FastLog.Storage.Maintenance;

namespace FastLog.Scenarios;

/// <summary>
/// Compacts a log of many records with fewer keys: the result against a model, throughput beside a plain copy of the same
/// bytes, peak memory, and the latency of appends to another partition meanwhile. Prints JSON.
/// </summary>
internal static class CompactionScenario
{
    private const int BatchRecords = 200;
    private const long SegmentSize = 64L << 20;
    private const long Unlimited = long.MaxValue / 1024;
    private const string Topic = "scenario";

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };
    private static readonly TopicPartition Compacted = new(new TopicId(new Uid128(1, 1)), new PartitionId(0));
    private static readonly TopicPartition Other = new(new TopicId(new Uid128(1, 2)), new PartitionId(0));

    public static async Task<int> RunAsync(IReadOnlyDictionary<string, string> settings)
    {
        int records = Number(settings, "records", 5_000_000);
        int keys = Number(settings, "keys", 500_000);
        int valueSize = Number(settings, "value", 100);
        ulong seed = (ulong)Number(settings, "seed", 1);
        string root = Path.GetFullPath(settings.GetValueOrDefault("dir", "compaction-scenario"));
        Directory.CreateDirectory(root);
        string source = Path.Combine(root, "source");
        long[] model = await GenerateAsync(source, records, keys, valueSize, seed);
        long bytes = DataFiles(source).Sum(file => new FileInfo(file).Length);
        Latency quiet = await MeasureAsync(root, source, null, compact: false, model, new Run());
        var rounds = new List<Round>();
        for (int i = 0; i < Number(settings, "rounds", 3); i++)
            rounds.Add(await RoundAsync(root, source, bytes, model));
        Run throttled = new();
        Latency throttledLatency = await MeasureAsync(root, source, null, compact: true, model, throttled);
        Print(new
        {
            scenario = "compaction",
            records,
            keys,
            seed,
            liveKeys = model.Count(offset => offset >= 0),
            megabytes = Mb(bytes),
            rounds,
            medianShareOfCopy = Median(rounds.Select(static round => round.ShareOfCopy)),
            mapMegabytes = Mb(new CompactionOptions().MapBytesMax),
            compactionSecondsAtDefaultRate = Math.Round(throttled.Seconds, 2),
            appendLatencyAlone = quiet,
            appendLatencyBesideDefaultRate = throttledLatency,
            what = throttled.Event,
        });
        Directory.Delete(root, recursive: true);
        return 0;
    }

    /// <summary>A copy and two compactions at full speed, one of them beside appends: close together, as machines are noisy.</summary>
    private static async Task<Round> RoundAsync(string root, string source, long bytes, long[] model)
    {
        double copySeconds = Copy(source, Path.Combine(root, "copy"));
        Run alone = new();
        await MeasureAsync(root, source, Unlimited, compact: true, model, alone, withAppends: false);
        Run beside = new();
        Latency latency = await MeasureAsync(root, source, Unlimited, compact: true, model, beside);
        return new Round(
            Math.Round(Mb(bytes) / copySeconds),
            Math.Round(Mb(bytes) / alone.Seconds),
            Math.Round(copySeconds / alone.Seconds, 2),
            Math.Round(alone.CpuSeconds, 2),
            Math.Round(Mb(bytes) / beside.Seconds),
            latency,
            Mb(alone.PeakBefore),
            Mb(alone.PeakAfter));
    }

    /// <summary>The log, and the offset of the last record of each key (-1 - offset for a tombstone).</summary>
    private static async Task<long[]> GenerateAsync(string path, int records, int keys, int valueSize, ulong seed)
    {
        var random = new Prng(seed);
        long[] last = new long[keys];
        Array.Fill(last, long.MinValue);
        using var threads = new BlockingThreads("scenario", 4);
        await using LogDirectory directory = Open(path, threads, null, null);
        PartitionLog log = await OpenLogAsync(directory, Compacted, compaction: null);
        var builder = new BatchBuilder(new byte[1 << 20]);
        byte[] buffer = new byte[1 << 20];
        byte[] key = new byte[16];
        byte[] value = new byte[valueSize];
        for (long offset = 0; offset < records;)
        {
            builder.Reset(buffer);
            for (int i = 0; i < BatchRecords && offset < records; i++, offset++)
            {
                int number = (int)random.Next(keys);
                BinaryPrimitives.WriteInt64BigEndian(key, number);
                BinaryPrimitives.WriteInt64BigEndian(value, offset);
                bool isTombstone = random.Next(100) == 0;
                last[number] = isTombstone ? -1 - offset : offset;
                if (!builder.TryAppend(new Timestamp(offset), key, isTombstone ? NullableBytes.Null : value))
                    throw new InvalidOperationException("the batch buffer is too small");
            }

            AppendResult result = await log.AppendAsync(builder.Build(), AppendMode.Confirmed);
            if (result.Status != AppendStatus.Ok)
                throw new InvalidOperationException($"append: {result.Status}");
        }

        return last;
    }

    private static async Task<Latency> MeasureAsync(
        string root, string source, long? rate, bool compact, long[] model, Run run, bool withAppends = true)
    {
        string path = Path.Combine(root, "run");
        CopyDirectory(source, path);
        using var threads = new BlockingThreads("scenario", 4);
        Latency latency = new(0, 0, 0, 0);
        await using (LogDirectory directory = Open(path, threads, rate, run.Note))
        {
            PartitionLog log = await OpenLogAsync(directory, Compacted, new CompactionPolicy { DirtyRatioMin = 0 });
            PartitionLog other = await OpenLogAsync(directory, Other, compaction: null);
            using var stop = new CancellationTokenSource();
            Task<Latency> appends = withAppends ? Task.Run(() => AppendAsync(other, stop.Token)) : Task.FromResult(latency);
            GC.Collect();
            ResetPeak();
            run.PeakBefore = Peak();
            TimeSpan worked = Environment.CpuUsage.TotalTime;
            var clock = Stopwatch.StartNew();
            if (compact)
                await directory.RunMaintenanceAsync(Compacted, MaintenanceKind.Compaction);
            else
                await Task.Delay(TimeSpan.FromSeconds(10));
            run.Seconds = clock.Elapsed.TotalSeconds;
            run.CpuSeconds = (Environment.CpuUsage.TotalTime - worked).TotalSeconds;
            run.PeakAfter = Peak();
            await stop.CancelAsync();
            latency = await appends;
            if (compact)
                Check(log, model);
        }

        Directory.Delete(path, recursive: true);
        return latency;
    }

    /// <summary>One small batch each two milliseconds, acknowledged after its flush.</summary>
    private static async Task<Latency> AppendAsync(PartitionLog log, CancellationToken stop)
    {
        var samples = new List<double>();
        byte[] value = new byte[100];
        byte[] buffer = new byte[4_096];
        var builder = new BatchBuilder(buffer);
        long next = Stopwatch.GetTimestamp();
        while (!stop.IsCancellationRequested)
        {
            next += Stopwatch.Frequency / 500;
            long now = Stopwatch.GetTimestamp();
            if (next > now)
                await Task.Delay(Stopwatch.GetElapsedTime(now, next), CancellationToken.None);
            builder.Reset(buffer);
            builder.TryAppend(new Timestamp(1), "key"u8, value);
            long begun = Stopwatch.GetTimestamp();
            await log.AppendAsync(builder.Build(), AppendMode.Confirmed);
            samples.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
            next = Math.Max(next, Stopwatch.GetTimestamp() - (Stopwatch.Frequency / 10));
        }

        samples.Sort();
        return new Latency(samples.Count, At(samples, 0.5), At(samples, 0.99), At(samples, 0.999));
    }

    private static void Check(PartitionLog log, long[] model)
    {
        long[] seen = new long[model.Length];
        Array.Fill(seen, long.MinValue);
        long records = 0;
        using var inflate = new InflateBuffer(BufferPool.Shared);
        byte[] bytes = new byte[8 << 20];
        for (LogOffset next = log.LogStart; next < log.LogEnd;)
        {
            ReadResult result = log.Read(next, 4 << 20, log.LogEnd);
            if (result.Status != ReadStatus.Ok)
                throw new InvalidOperationException($"read at {next}: {result.Status}");
            int count = result.Region.File!.Read(result.Region.Position, bytes.AsSpan(0, result.Region.Length));
            result.Region.Release();
            next = result.NextOffset;
            var batches = new BatchReader(bytes.AsSpan(0, count), BatchCheck.Checksum);
            while (batches.Read())
            {
                if (batches.TryOpenRecords(inflate, out RecordReader record) != BatchStatus.Ok)
                    throw new InvalidOperationException("a batch does not read");
                while (record.Read())
                {
                    long offset = record.Offset.Value;
                    bool isRight = record.Value.IsNull || BinaryPrimitives.ReadInt64BigEndian(record.Value.Span) == offset;
                    if (!isRight)
                        throw new InvalidOperationException($"offset {offset} holds another record");
                    seen[BinaryPrimitives.ReadInt64BigEndian(record.Key.Span)] = record.Value.IsNull ? -1 - offset : offset;
                    records++;
                }
            }
        }

        if (!seen.AsSpan().SequenceEqual(model))
            throw new InvalidOperationException("the last values are not those of the model");
        Console.Error.WriteLine($"{records} records are left; the last one of each key is the model's");
    }

    private static LogDirectory Open(string path, BlockingThreads threads, long? rate, Action<StorageEvent>? onEvent)
    {
        var compaction = new CompactionOptions { Interval = TimeSpan.FromDays(1) };
        return LogDirectory.Open(
            new OsDisk(),
            path,
            new LogDirectoryOptions
            {
                NodeId = new NodeId(1),
                Compaction = rate is { } bytes ? compaction with { BytesPerSecondMax = bytes } : compaction,
                OnEvent = onEvent,
            },
            SystemPorts.Create(threads));
    }

    private static async Task<PartitionLog> OpenLogAsync(LogDirectory directory, TopicPartition id, CompactionPolicy? compaction) =>
        await directory.OpenPartitionAsync(
            id,
            Topic,
            new PartitionLogOptions
            {
                Flush = id == Other ? FlushPolicy.Ack : FlushPolicy.Os,
                SegmentSizeMax = SegmentSize,
                Compaction = compaction,
            },
            CancellationToken.None);

    /// <summary>The compacted log's, but for the active one, which is left alone.</summary>
    private static string[] DataFiles(string path) =>
        [.. Directory.EnumerateFiles(path, "*.log", SearchOption.AllDirectories).Order(StringComparer.Ordinal).SkipLast(1)];

    /// <summary>The floor: the same bytes read and written and flushed, with nothing between.</summary>
    private static double Copy(string source, string target)
    {
        Directory.CreateDirectory(target);
        var clock = Stopwatch.StartNew();
        byte[] buffer = new byte[1 << 20];
        int number = 0;
        foreach (string file in DataFiles(source))
        {
            using var from = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
            using var to = new FileStream(Path.Combine(target, $"{number++}"), FileMode.Create, FileAccess.Write, FileShare.None, 0);
            int count;
            while ((count = from.Read(buffer)) > 0)
                to.Write(buffer, 0, count);
            to.Flush(flushToDisk: true);
        }

        double seconds = clock.Elapsed.TotalSeconds;
        Directory.Delete(target, recursive: true);
        return seconds;
    }

    private static void CopyDirectory(string source, string target)
    {
        foreach (string directory in Directory.EnumerateDirectories(source, "*", SearchOption.AllDirectories))
            Directory.CreateDirectory(Path.Combine(target, Path.GetRelativePath(source, directory)));
        foreach (string file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(target, Path.GetRelativePath(source, file));
            File.Copy(file, copy);

            // Else the first flush of what is measured waits for all of these bytes.
            using var written = new FileStream(copy, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 0);
            written.Flush(flushToDisk: true);
        }
    }

    private static void ResetPeak() => File.WriteAllText("/proc/self/clear_refs", "5");

    /// <summary>The most memory that the process held since the last reset, in bytes.</summary>
    private static long Peak()
    {
        string line = File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) << 10;
    }

    private static double At(List<double> sorted, double share) =>
        sorted.Count == 0 ? 0 : sorted[Math.Min(sorted.Count - 1, (int)(sorted.Count * share))];

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? 0 : sorted[sorted.Length / 2];
    }

    private static double Mb(long bytes) => Math.Round(bytes / 1e6, 1);

    private static int Number(IReadOnlyDictionary<string, string> settings, string name, int otherwise) =>
        settings.TryGetValue(name, out string? text) ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    private static void Print(object result) =>
        Console.WriteLine(JsonSerializer.Serialize(result, Json));

    private sealed class Run
    {
        public double Seconds { get; set; }

        public double CpuSeconds { get; set; }

        public long PeakBefore { get; set; }

        public long PeakAfter { get; set; }

        public string Event { get; private set; } = "";

        public void Note(StorageEvent happened)
        {
            if (happened.Id == StorageEventId.LogCompacted)
                Event = happened.Message;
        }
    }

    private sealed record Round(
        double CopyMegabytesPerSecond,
        double CompactionMegabytesPerSecond,
        double ShareOfCopy,
        double CompactionCpuSeconds,
        double CompactionBesideAppendsMegabytesPerSecond,
        Latency AppendLatencyBesideIt,
        double PeakMegabytesBefore,
        double PeakMegabytesAfter);

    private sealed record Latency(int Appends, double P50Ms, double P99Ms, double P999Ms);
}

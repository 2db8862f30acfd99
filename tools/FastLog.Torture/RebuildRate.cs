using System.Diagnostics;
using System.Globalization;
using FastLog.Primitives;
using FastLog.Records;
using FastLog.Storage;
using FastLog.Storage.Disk;
using FastLog.Storage.Flushing;

namespace FastLog.Torture;

/// <summary>How fast the lost indexes of a real log are made anew, in MB of data a second.</summary>
/// <param name="Small">With batches of 1 KiB.</param>
/// <param name="Large">With batches of 16 KiB.</param>
internal sealed record RebuildRate(double Small, double Large)
{
    public double Slowest => Math.Min(Small, Large);

    /// <summary>Writes logs of so many bytes, loses all their indexes, and has them made anew by reads in each sealed segment.</summary>
    public static async Task<RebuildRate> MeasureAsync(string directory, long bytes) => new(
        await MeasureAsync(Path.Combine(directory, "small"), bytes, 1 << 10),
        await MeasureAsync(Path.Combine(directory, "large"), bytes, 16 << 10));

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Small:0} MB/s (batches of 1 KiB) and {Large:0} MB/s (16 KiB)");

    private static async Task<double> MeasureAsync(string root, long bytes, int batchSize)
    {
        Directory.CreateDirectory(root);
        var id = new TopicPartition(new TopicId(new Uid128(0x1D, 0x1E)), new PartitionId(0));
        var options = new PartitionLogOptions { Flush = FlushPolicy.Os, SegmentSizeMax = bytes / 4 };
        using var threads = new BlockingThreads("rebuild", 4);
        RuntimePorts ports = SystemPorts.Create(threads);
        await using (LogDirectory directory = Open(root, ports))
        {
            PartitionLog log = await directory.OpenPartitionAsync(id, "rebuild", options, CancellationToken.None);
            var builder = new BatchBuilder(new byte[batchSize + 256]);
            builder.TryAppend(new Timestamp(1_700_000_000_000), default, new byte[batchSize - 80]);
            byte[] batch = builder.Build().ToArray();
            for (long written = 0; written < bytes; written += batch.Length)
                await log.AppendAsync(batch.ToArray(), AppendMode.Confirmed);
        }

        foreach (string index in Directory.GetFiles(root, "*index", SearchOption.AllDirectories))
            File.Delete(index);
        await using LogDirectory again = Open(root, ports);
        PartitionLog reopened = await again.OpenPartitionAsync(id, "rebuild", options, CancellationToken.None);
        long[] bases = [.. Directory.GetFiles(root, "*.log", SearchOption.AllDirectories)
            .Select(path => long.Parse(Path.GetFileNameWithoutExtension(path), CultureInfo.InvariantCulture)).Order()];
        long rebuilt = 0;
        long began = Stopwatch.GetTimestamp();
        for (int i = 0; i + 1 < bases.Length; i++)
        {
            ReadResult result = reopened.Read(new LogOffset((bases[i] + bases[i + 1]) / 2), 1, reopened.ReadableEnd);
            if (result.Status != ReadStatus.Ok)
                throw new InvalidOperationException($"a read without its index ended with {result.Status}: {result.Reason}");
            result.Region.Release();
            rebuilt += (bases[i + 1] - bases[i]) * batchSize;
        }

        TimeSpan took = Stopwatch.GetElapsedTime(began);
        int files = Directory.GetFiles(root, "*.index", SearchOption.AllDirectories).Length;
        return files >= bases.Length - 1
            ? rebuilt / 1e6 / took.TotalSeconds
            : throw new InvalidOperationException($"{files} of {bases.Length} indexes were made anew");
    }

    private static LogDirectory Open(string root, RuntimePorts ports) =>
        LogDirectory.Open(new OsDisk(), root, new LogDirectoryOptions { NodeId = new NodeId(1) }, ports);
}

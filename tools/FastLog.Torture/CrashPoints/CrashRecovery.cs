using FastLog.Primitives;
using FastLog.Simulator;
using FastLog.Storage;
using FastLog.Storage.Disk;

namespace FastLog.Torture.CrashPoints;

/// <summary>What a start found in one partition.</summary>
/// <param name="Start">The log start.</param>
/// <param name="Records">All that was read, from the log start on, ascending.</param>
/// <param name="Epoch">The epoch that the next append has.</param>
/// <param name="Problem">A defect, a gap or an append that did not work afterwards; null when all is well.</param>
internal sealed record RecoveredPartition(
    LogOffset Start, IReadOnlyList<(LogOffset Offset, ulong Number)> Records, LeaderEpoch Epoch, string? Problem);

/// <summary>What a start found on a disk after a crash.</summary>
internal sealed record CrashRecovery(bool WasClean, IReadOnlyDictionary<TopicPartition, RecoveredPartition> Partitions)
{
    private const int ReadBytes = 64 << 10;

    /// <summary>Starts on the disk, opens and reads every partition, and appends one record to each.</summary>
    /// <exception cref="StorageException">The data directory cannot be opened.</exception>
    public static CrashRecovery Run(SimulatedDisk disk)
    {
        var scheduler = new SimulatedScheduler(seed: 1);
        CrashRecovery? found = null;
        Task life = scheduler.Main.Start(async () => found = await LiveAsync(disk.Attach(), scheduler.Main.Ports));
        scheduler.RunUntil(() => life.IsCompleted, "the recovery has not ended");
        life.GetAwaiter().GetResult();
        return found!;
    }

    /// <summary>Starts on the disk and cuts the power again before its n-th operation; false when it ended before.</summary>
    public static bool RunAndCut(SimulatedDisk disk, long operation, Prng random)
    {
        var scheduler = new SimulatedScheduler(seed: 1);
        bool cut = false;
        long last = disk.OperationCount + operation;
        disk.BeforeOperation = info =>
        {
            if (cut || info.Number < last)
                return;
            cut = true;
            scheduler.Main.Kill();
            disk.PowerCut(random);
        };
        Task life = scheduler.Main.Start(() => LiveAsync(disk.Attach(), scheduler.Main.Ports));
        scheduler.RunUntil(() => life.IsCompleted || cut, "the recovery has not ended");
        disk.BeforeOperation = null;
        if (cut)
            return true;
        life.GetAwaiter().GetResult();
        disk.ProcessKill();
        return false;
    }

    private static async Task<CrashRecovery> LiveAsync(IDisk disk, RuntimePorts ports)
    {
        LogDirectory directory = LogDirectory.Open(disk, CrashSequence.Root, CrashSequence.DirectoryOptions, ports);
        var partitions = new Dictionary<TopicPartition, RecoveredPartition>();
        foreach ((TopicPartition id, string topicName) in directory.ListPartitions())
        {
            PartitionLog log = await directory.OpenPartitionAsync(id, topicName, CrashSequence.OptionsOf(id), CancellationToken.None);
            var records = new List<(LogOffset Offset, ulong Number)>();
            string? problem = log.Defects.Count > 0 ? $"defect: {log.Defects[0]}" : Read(log, CrashSequence.IsCompacted(id), records);
            problem ??= await AppendAsync(log, records);

            // A start that was cut off has probed too.
            records.RemoveAll(record => record.Number == CrashValue.Probe);
            partitions.Add(id, new RecoveredPartition(log.LogStart, records, log.LeaderEpoch, problem));
        }

        return new CrashRecovery(directory.WasClean, partitions);
    }

    /// <summary>The log goes on where it ended, and still knows its producer.</summary>
    private static async Task<string?> AppendAsync(PartitionLog log, List<(LogOffset Offset, ulong Number)> records)
    {
        LogOffset end = log.LogEnd;
        (LogOffset sentAt, ulong sent) = records.LastOrDefault(record => CrashValue.IsInSequence(record.Number));
        if (CrashValue.IsInSequence(sent))
        {
            AppendResult gap = await log.AppendAsync(CrashValue.Batch(CrashValue.Later(sent, by: 2)), AppendMode.Confirmed);
            if (gap.Status != AppendStatus.OutOfOrderSequence)
                return $"a gap in a producer's sequence ended with {gap.Status}";
            AppendResult again = await log.AppendAsync(CrashValue.Batch(sent), AppendMode.Confirmed);
            if (again.Status != AppendStatus.Ok || again.BaseOffset != sentAt)
                return $"what is at {sentAt} was sent again and got {again.Status} at {again.BaseOffset}";
        }

        AppendResult probe = await log.AppendAsync(CrashValue.Batch(CrashValue.Probe), AppendMode.Confirmed);
        return probe.Status == AppendStatus.Ok && probe.BaseOffset == end
            ? null
            : $"the next append ended with {probe.Status} at {probe.BaseOffset}; the log was [{log.LogStart}, {end})";
    }

    private static string? Read(PartitionLog log, bool isCompacted, List<(LogOffset Offset, ulong Number)> records)
    {
        LogOffset next = log.LogStart;
        while (next < log.ReadableEnd)
        {
            ReadResult read = log.Read(next, ReadBytes, log.ReadableEnd);
            if (read.Status != ReadStatus.Ok)
                return $"a read at {next} ended with {read.Status}";
            byte[] bytes = new byte[read.Region.Length];
            read.Region.File!.Read(read.Region.Position, bytes);
            read.Region.Release();
            if (!CrashValue.TryParse(bytes, next, records))
                return $"the bytes at {next} are not what was appended";
            next = read.NextOffset;
        }

        for (int i = 0; i < records.Count; i++)
        {
            LogOffset expected = isCompacted && i > 0 ? records[i - 1].Offset.Next() : log.LogStart.Plus(i);
            if (isCompacted ? records[i].Offset < expected : records[i].Offset != expected)
                return $"offset {records[i].Offset} where {expected} must be";
        }

        return isCompacted || log.LogStart.Plus(records.Count) == next
            ? null
            : $"the log is [{log.LogStart}, {next}) and has {records.Count} records";
    }
}

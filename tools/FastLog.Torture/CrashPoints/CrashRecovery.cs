using FastLog.Primitives;
using FastLog.Simulator;
using FastLog.Storage;
using FastLog.Storage.Disk;

namespace FastLog.Torture.CrashPoints;

/// <summary>What a start found in one partition.</summary>
/// <param name="Start">The log start.</param>
/// <param name="Values">Its records' values by offset, from the start.</param>
/// <param name="Epoch">The epoch that the next append has.</param>
/// <param name="Problem">A defect, a gap or an append that did not work afterwards; null when all is well.</param>
internal sealed record RecoveredPartition(LogOffset Start, IReadOnlyList<ulong> Values, LeaderEpoch Epoch, string? Problem);

/// <summary>What a start found on a disk after a crash.</summary>
internal sealed record CrashRecovery(bool WasClean, IReadOnlyDictionary<TopicPartition, RecoveredPartition> Partitions)
{
    private const ulong ProbeValue = ulong.MaxValue;
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
            PartitionLog log = await directory.OpenPartitionAsync(id, topicName, CrashSequence.LogOptions, CancellationToken.None);
            var values = new List<ulong>();
            string? problem = log.Defects.Count > 0 ? $"defect: {log.Defects[0]}" : Read(log, values);
            AppendResult probe = await log.AppendAsync(CrashValue.Batch([ProbeValue]), AppendMode.Confirmed);
            if (problem is null && (probe.Status != AppendStatus.Ok || probe.BaseOffset != log.LogStart.Plus(values.Count)))
                problem = $"the next append ended with {probe.Status} at {probe.BaseOffset}; the log had {values.Count} records from {log.LogStart}";

            // A start that was cut off has probed too.
            values.RemoveAll(value => value == ProbeValue && values[^1] == ProbeValue);
            partitions.Add(id, new RecoveredPartition(log.LogStart, values, log.LeaderEpoch, problem));
        }

        return new CrashRecovery(directory.WasClean, partitions);
    }

    private static string? Read(PartitionLog log, List<ulong> values)
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
            if (!CrashValue.TryParse(bytes, values))
                return $"the bytes at {next} are not what was appended";
            next = read.NextOffset;
        }

        return log.LogStart.Plus(values.Count) == next
            ? null
            : $"the log is [{log.LogStart}, {next}) and has {values.Count} records";
    }
}

using System.Text;
using FastLog.Primitives;
using FastLog.Records;
using FastLog.Simulator;
using FastLog.Storage;
using FastLog.Storage.Maintenance;

namespace FastLog.Torture;

/// <summary>
/// Opens a sample's directory that was damaged, reads all of it as a consumer does (CRCs checked), scrubs it, reads it again, and
/// notes what was told, what was missing, and whatever must never be: a record that differs from the one stored, an offset that
/// is missing and in no reported range, a log that is shorter, an exception that is no typed one. One use.
/// </summary>
internal sealed class SampleExamination(StoredSample sample, SimulatedDisk disk, ulong seed)
{
    private readonly List<string> _violations = [];

    /// <summary>What must never be.</summary>
    public IReadOnlyList<string> Violations => _violations;

    /// <summary>Everything that was told to the operator.</summary>
    public List<StorageEvent> Events { get; } = [];

    /// <summary>Why the directory (null), or a partition, refused to open, with a typed exception.</summary>
    public List<(TopicPartition? Partition, Exception Cause)> Refusals { get; } = [];

    /// <summary>The directory refused, so no partition was opened.</summary>
    public bool IsClosed => Refusals.Exists(static refusal => refusal.Partition is null && refusal.Cause is StorageException);

    public List<LogDefect> Defects { get; } = [];

    /// <summary>Offsets read right, the last time.</summary>
    public Dictionary<TopicPartition, HashSet<long>> Seen { get; } = [];

    public long Read => Seen.Values.Sum(static offsets => offsets.Count);

    /// <summary>Records in reported ranges or of partitions that refused.</summary>
    public long Missing => sample.Partitions.Sum(MissingOf);

    /// <summary>
    /// Records that another partition stored at the same offset. A block written into the wrong file is seen by the index; with
    /// that lost too nothing tells it, as batches do not name their partition.
    /// </summary>
    public long Misdirected { get; private set; }

    /// <summary>Damage to more than a bit may leave a log that is shorter, as long as it says so.</summary>
    public bool MayBeShorter { get; init; }

    /// <summary>No batch was damaged: what a producer sends again must be known.</summary>
    public bool KnowsProducers { get; init; }

    /// <summary>Also looks up random offsets and times, as consumers do that do not read from the start.</summary>
    public bool LooksUp { get; init; }

    /// <summary>Called when the partitions were opened and nothing was read.</summary>
    public Action? Opened { get; init; }

    public long MissingOf(StoredPartition partition) =>
        partition.Expected.Count - (Seen.TryGetValue(partition.Id, out HashSet<long>? seen) ? partition.Expected.Count(seen.Contains) : 0);

    public void Run()
    {
        var scheduler = new SimulatedScheduler(seed);
        Task run = scheduler.Main.Start(() => RunAsync(scheduler.Main.Ports));
        try
        {
            scheduler.RunUntil(() => run.IsCompleted, "the examination hangs");
            run.GetAwaiter().GetResult();
        }
        catch (Exception cause) when (cause is not OutOfMemoryException)
        {
            _violations.Add($"an exception that is no typed refusal: {cause}");
        }
    }

    private async Task RunAsync(RuntimePorts ports)
    {
        LogDirectory directory;
        try
        {
            directory = LogDirectory.Open(
                disk.Attach(),
                StoredSample.Root,
                new LogDirectoryOptions { NodeId = new NodeId(1), ScrubRate = 1L << 40, OnEvent = Events.Add },
                ports);
        }
        catch (StorageException refusal)
        {
            Refusals.Add((null, refusal));
            return;
        }

        var logs = new List<(PartitionLog Log, StoredPartition Partition)>();
        foreach (StoredPartition partition in sample.Partitions)
        {
            if (await TryOpenAsync(directory, partition) is { } log)
                logs.Add((log, partition));
        }

        Opened?.Invoke();
        foreach ((PartitionLog log, StoredPartition partition) in logs)
            await ExamineAsync(directory, log, partition);
        foreach (Exception refusal in await sample.Broker.CheckAsync(disk.Attach(), ports, _violations))
            Refusals.Add((null, refusal));
        await directory.DisposeAsync();
    }

    private async Task<PartitionLog?> TryOpenAsync(LogDirectory directory, StoredPartition partition)
    {
        try
        {
            return await directory.OpenPartitionAsync(partition.Id, StoredSample.Topic, partition.Options, CancellationToken.None);
        }
        catch (StorageException refusal)
        {
            Refusals.Add((partition.Id, refusal));
            return null;
        }
    }

    private async Task ExamineAsync(LogDirectory directory, PartitionLog log, StoredPartition partition)
    {
        if (log.LogEnd.Value < partition.Records.Count && !MayBeShorter)
            _violations.Add($"{partition.Id}: the log ends at {log.LogEnd}, {partition.Records.Count} records were durable");
        if (LooksUp)
            await LookUpAsync(log, partition);
        ReadAll(log, partition);
        await directory.RunMaintenanceAsync(partition.Id, MaintenanceKind.Scrub);
        ReadAll(log, partition);
        foreach (long offset in partition.Expected.Except(Seen[partition.Id]))
        {
            // Once the scrubber has been there.
            bool isReported = log.Defects.Any(defect => defect.FirstOffset.Value <= offset && offset <= defect.LastOffset.Value);
            if (!isReported && !MayBeShorter)
                _violations.Add($"{partition.Id}: offset {offset} cannot be read and is in no reported range");
        }

        if (LooksUp)
            await LookUpAsync(log, partition);
        Defects.AddRange(log.Defects);
        if (log.Fault is null)
            await AppendAsync(log, partition);
    }

    private async Task LookUpAsync(PartitionLog log, StoredPartition partition)
    {
        const int lookUps = 12;
        var random = new Prng(seed);
        long[] offsets = [.. partition.Expected.Order()];
        for (int i = 0; i < lookUps; i++)
        {
            long wanted = offsets[(int)random.Next(0, offsets.Length)];
            ReadResult result = log.Read(new LogOffset(wanted), (int)random.Next(1, 4096), log.ReadableEnd);
            var seen = new HashSet<long>();
            if (!result.Region.IsEmpty)
                TryCheck(result, partition, new LogOffset(wanted), seen);
            result.Region.Release();
            if (!seen.Contains(wanted))
                _violations.Add($"{partition.Id}: a read at {wanted} gave {result.Status}, without that record");

            // Timestamps of the sample rise with the offsets.
            int index = (int)random.Next(0, offsets.Length);
            long time = partition.Records[(int)offsets[index]].Timestamp;
            OffsetLookup found = await log.FindByTimestampAsync(new Timestamp(time));
            if (found.Offset.Value != offsets[index])
                _violations.Add($"{partition.Id}: the first record at or after {time} is said to be {found.Offset}, it is {offsets[index]}");
        }
    }

    /// <summary>Damage or not, the log goes on.</summary>
    private async Task AppendAsync(PartitionLog log, StoredPartition partition)
    {
        LogOffset end = log.LogEnd;
        if (KnowsProducers)
        {
            AppendResult again = await log.AppendAsync(partition.LastBatch.ToArray(), AppendMode.Confirmed);
            if (again.Status != AppendStatus.Ok || again.LastOffset.Value != partition.Records.Count - 1 || log.LogEnd != end)
                _violations.Add($"{log.Id}: the last batch sent again ended with {again.Status} at {again.BaseOffset}, the log at {log.LogEnd}");
        }

        var builder = new BatchBuilder(new byte[4096]);
        builder.TryAppend(new Timestamp(1_700_000_100_000), "key"u8.ToArray(), "after the damage"u8.ToArray());
        AppendResult result = await log.AppendAsync(builder.Build().ToArray(), AppendMode.Confirmed);
        if (result.Status != AppendStatus.Ok || result.BaseOffset != end)
            _violations.Add($"{log.Id}: an append at {end} ended with {result.Status} at {result.BaseOffset}: {result.Reason}");
    }

    private void ReadAll(PartitionLog log, StoredPartition partition)
    {
        HashSet<long> seen = Seen[partition.Id] = [];
        LogOffset next = log.LogStart;
        LogOffset failed = LogOffset.None;
        while (next < log.ReadableEnd)
        {
            ReadResult result = log.Read(next, 32 << 10, log.ReadableEnd);
            bool isSent = result.Region.IsEmpty || TryCheck(result, partition, next, seen);
            result.Region.Release();
            if (!isSent && failed != next)
            {
                // A connection would be closed; the client comes again, and is told now what is damaged.
                failed = next;
                continue;
            }

            if (!isSent)
                _violations.Add($"{partition.Id}: bytes at {next} cannot be sent, and nobody is told");
            if (result.NextOffset <= next)
            {
                _violations.Add($"{partition.Id}: a read at {next} ends with {result.Status} and does not say where to go on");
                break;
            }

            // As a consumer does: behind damage that its own CRC check found, too.
            next = result.NextOffset;
        }
    }

    /// <summary>False when the device cannot read the region.</summary>
    private bool TryCheck(in ReadResult result, StoredPartition partition, LogOffset from, HashSet<long> seen)
    {
        byte[] bytes = new byte[result.Region.Length];
        int count;
        try
        {
            count = result.Region.File!.Read(result.Region.Position, bytes);
        }
        catch (Storage.Disk.DiskException failure) when (failure.IsUnreadable)
        {
            return false;
        }

        Check(bytes.AsSpan(0, count), partition, from, seen);
        return true;
    }

    private void Check(ReadOnlySpan<byte> bytes, StoredPartition partition, LogOffset from, HashSet<long> seen)
    {
        var batches = new BatchReader(bytes, BatchCheck.Checksum);
        using var inflate = new InflateBuffer(BufferPool.Shared);
        LogOffset next = from;
        while (batches.Read())
        {
            // Base offsets are not under the CRC: a consumer looks that they lead on.
            bool isFirst = next == from;
            bool follows = batches.Header.BaseOffset == next || (isFirst && batches.Header.BaseOffset < from && batches.Header.NextOffset > from);
            if (!follows)
                return;
            if (batches.TryOpenRecords(inflate, out RecordReader records) != BatchStatus.Ok)
                return;
            while (records.Read())
            {
                if (records.Offset >= from && IsStored(records, partition))
                    seen.Add(records.Offset.Value);
            }

            next = batches.Header.NextOffset;
        }
    }

    private bool IsStored(in RecordReader record, StoredPartition partition)
    {
        if (record.Offset.Value >= partition.Records.Count)
            return false;
        StoredRecord stored = partition.Records[(int)record.Offset.Value];
        var found = new StoredRecord(
            record.Offset,
            record.Timestamp.UnixMilliseconds,
            Encoding.UTF8.GetString(record.Key.Span),
            Encoding.UTF8.GetString(record.Value.Span));
        if (found == stored)
            return true;
        bool isOfAnother = sample.Partitions.Any(
            other => found.Offset.Value < other.Records.Count && other.Records[(int)found.Offset.Value] == found);
        if (MayBeShorter && isOfAnother)
            Misdirected++;
        else
            _violations.Add($"{partition.Id}: wrong bytes served: {found} where {stored} was stored");
        return false;
    }
}

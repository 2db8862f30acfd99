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

    /// <summary>Why the directory or a partition refused to open, with a typed exception.</summary>
    public List<StorageException> Refusals { get; } = [];

    public List<LogDefect> Defects { get; } = [];

    /// <summary>Records read right, the last time.</summary>
    public long Read { get; private set; }

    /// <summary>Records in reported ranges or of partitions that refused.</summary>
    public long Missing { get; private set; }

    /// <summary>
    /// Records that another partition stored at the same offset. A block written into the wrong file is seen by the index; with
    /// that lost too nothing tells it, as batches do not name their partition.
    /// </summary>
    public long Misdirected { get; private set; }

    /// <summary>Damage to more than a bit may leave a log that is shorter, as long as it says so.</summary>
    public bool MayBeShorter { get; init; }

    public void Run()
    {
        var scheduler = new SimulatedScheduler(seed);
        Task run = scheduler.Main.Start(() => RunAsync(scheduler.Main.Ports));
        try
        {
            scheduler.RunUntil(() => run.IsCompleted, "the examination hangs");
            run.GetAwaiter().GetResult();
        }
        catch (Exception cause) when (cause is not (StorageException or OutOfMemoryException))
        {
            _violations.Add($"an exception that is no typed one: {cause}");
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
            Refusals.Add(refusal);
            Missing = sample.Partitions.Sum(partition => partition.Records.Count);
            return;
        }

        foreach (StoredPartition partition in sample.Partitions)
            await ExamineAsync(directory, partition);
        await directory.DisposeAsync();
    }

    private async Task ExamineAsync(LogDirectory directory, StoredPartition partition)
    {
        PartitionLog log;
        try
        {
            log = await directory.OpenPartitionAsync(partition.Id, StoredSample.Topic, StoredSample.Options, CancellationToken.None);
        }
        catch (StorageException refusal)
        {
            Refusals.Add(refusal);
            Missing += partition.Records.Count;
            return;
        }

        if (log.LogEnd.Value < partition.Records.Count && !MayBeShorter)
            _violations.Add($"{partition.Id}: the log ends at {log.LogEnd}, {partition.Records.Count} records were durable");
        ReadAll(log, partition, isScrubbed: false);
        await directory.RunMaintenanceAsync(partition.Id, MaintenanceKind.Scrub);
        (long read, long missing) = ReadAll(log, partition, isScrubbed: true);
        Read += read;
        Missing += missing;
        Defects.AddRange(log.Defects);
        if (log.Fault is null)
            await AppendAsync(log);
    }

    /// <summary>Damage or not, the log goes on.</summary>
    private async Task AppendAsync(PartitionLog log)
    {
        LogOffset end = log.LogEnd;
        var builder = new BatchBuilder(new byte[4096]);
        builder.TryAppend(new Timestamp(1_700_000_100_000), "key"u8.ToArray(), "after the damage"u8.ToArray());
        AppendResult result = await log.AppendAsync(builder.Build().ToArray(), AppendMode.Confirmed);
        if (result.Status != AppendStatus.Ok || result.BaseOffset != end)
            _violations.Add($"{log.Id}: an append at {end} ended with {result.Status} at {result.BaseOffset}");
    }

    private (long Read, long Missing) ReadAll(PartitionLog log, StoredPartition partition, bool isScrubbed)
    {
        long read = 0;
        long missing = 0;
        LogOffset next = log.LogStart;
        missing += CountMissing(log, partition, LogOffset.Zero, next, isScrubbed);
        while (next < log.ReadableEnd)
        {
            ReadResult result = log.Read(next, 32 << 10, log.ReadableEnd);
            LogOffset reached = result.NextOffset;
            if (result.Status == ReadStatus.Ok && !result.Region.IsEmpty)
                reached = Check(result, partition, next, ref read);
            result.Region.Release();
            if (reached < result.NextOffset)
            {
                // As a consumer does: damage that its own CRC check found, and on behind it.
                missing += CountMissing(log, partition, reached, result.NextOffset, isScrubbed);
            }
            else if (result.Status != ReadStatus.Ok)
            {
                missing += CountMissing(log, partition, next, result.NextOffset, isScrubbed);
            }

            if (result.NextOffset <= next)
            {
                _violations.Add($"{partition.Id}: a read at {next} ends with {result.Status} and does not say where to go on");
                break;
            }

            next = result.NextOffset;
        }

        missing += CountMissing(log, partition, next, new LogOffset(partition.Records.Count), isScrubbed);
        return (read, missing);
    }

    /// <summary>Offsets that were not read must lie in ranges that are known to be damaged, once the scrubber has been there.</summary>
    private long CountMissing(PartitionLog log, StoredPartition partition, LogOffset from, LogOffset to, bool isScrubbed)
    {
        long missing = 0;
        for (LogOffset at = from; at < to && at.Value < partition.Records.Count; at = at.Next())
        {
            missing++;
            bool isReported = log.Defects.Any(defect => defect.FirstOffset <= at && at <= defect.LastOffset);
            if (isScrubbed && !isReported && !MayBeShorter)
                _violations.Add($"{partition.Id}: offset {at} cannot be read and is in no reported range");
        }

        return missing;
    }

    /// <summary>Up to where good batches reach.</summary>
    private LogOffset Check(in ReadResult result, StoredPartition partition, LogOffset from, ref long read)
    {
        byte[] bytes = new byte[result.Region.Length];
        int count = result.Region.File!.Read(result.Region.Position, bytes);
        var batches = new BatchReader(bytes.AsSpan(0, count), BatchCheck.Checksum);
        using var inflate = new InflateBuffer(BufferPool.Shared);
        LogOffset next = from;
        while (batches.Read())
        {
            // Base offsets are not under the CRC: a consumer looks that they lead on.
            bool isFirst = next == from;
            bool follows = batches.Header.BaseOffset == next || (isFirst && batches.Header.BaseOffset < from && batches.Header.NextOffset > from);
            if (!follows)
                return next;
            if (batches.TryOpenRecords(inflate, out RecordReader records) != BatchStatus.Ok)
                return next;
            while (records.Read())
            {
                if (records.Offset < from)
                    continue;
                Compare(records, partition);
                read++;
            }

            next = batches.Header.NextOffset;
        }

        return next;
    }

    private void Compare(in RecordReader record, StoredPartition partition)
    {
        if (record.Offset.Value >= partition.Records.Count)
            return;
        StoredRecord stored = partition.Records[(int)record.Offset.Value];
        var found = new StoredRecord(
            record.Offset,
            record.Timestamp.UnixMilliseconds,
            Encoding.UTF8.GetString(record.Key.Span),
            Encoding.UTF8.GetString(record.Value.Span));
        if (found == stored)
            return;
        if (MayBeShorter && sample.Partitions.Any(other => found.Offset.Value < other.Records.Count && other.Records[(int)found.Offset.Value] == found))
            Misdirected++;
        else
            _violations.Add($"{partition.Id}: wrong bytes served: {found} where {stored} was stored");
    }
}

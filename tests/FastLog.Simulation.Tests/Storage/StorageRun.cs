using FastLog.Primitives;
using FastLog.Simulator;
using FastLog.Storage;
using FastLog.Storage.Disk;
using FastLog.Storage.Flushing;

namespace FastLog.Simulation.Tests;

/// <summary>
/// One seed of the storage engine on one thread: producers append, a reader reads, the process dies in the middle of some
/// disk operation, the next life recovers and reads everything; at the end all faults are healed and the history is checked.
/// </summary>
internal sealed class StorageRun
{
    private const string DataPath = "/data";
    private const string TopicName = "orders";
    private static readonly TimeSpan LifeLimit = TimeSpan.FromMinutes(10);

    private readonly ulong _seed;
    private readonly RunCounters _counters;
    private readonly Prng _random;
    private readonly SimulatedScheduler _scheduler;
    private readonly SimulatedDisk _disk;
    private readonly HistoryChecker _history;
    private readonly TopicId _topic;
    private readonly LeaderEpoch[] _usedEpochs;
    private readonly List<(PartitionLog Log, ulong[] Values, LogOffset Base)> _notFlushed = [];
    private long _crashAt = long.MaxValue;
    private SimulatedProcess? _process;
    private ulong _nextValue;
    private int _nextReader;

    public StorageRun(ulong seed, RunCounters counters, StorageRunPlan? plan = null)
    {
        _seed = seed;
        _counters = counters;
        _random = new Prng(seed);
        Plan = plan ?? StorageRunPlan.Draw(_random);
        _scheduler = new SimulatedScheduler(seed, new SchedulerOptions { OverlapChance = Plan.OverlapChance });
        _disk = new SimulatedDisk(_random.NextUInt64(), Plan.LossMode) { BeforeOperation = CrashWhenDue };
        _disk.ConnectTo(_scheduler);
        _history = new HistoryChecker(new HistoryOptions { OrderKept = true });
        _topic = new TopicId(Uid128.NewRandom(_random));
        _usedEpochs = new LeaderEpoch[Plan.Partitions];
        Array.Fill(_usedEpochs, LeaderEpoch.None);
    }

    public StorageRunPlan Plan { get; }

    /// <summary>The operation before which the first life ends; null draws one.</summary>
    public long? FirstCrashAt { get; init; }

    public PowerCutOutcome Outcome { get; init; } = PowerCutOutcome.Random;

    public SimulatedScheduler Scheduler => _scheduler;

    /// <summary>True when the first life was ended by its crash and not by its end.</summary>
    public bool FirstLifeCrashed { get; private set; }

    /// <summary>Runs all lives and the check.</summary>
    public HistoryReport Run()
    {
        for (int life = 0; life < Plan.Lives; life++)
        {
            _disk.Faults.FailByChance(DiskOperation.Flush, DiskErrors.Io, Plan.FlushFaultChance);
            _disk.Faults.FailByChance(DiskOperation.FlushDirectory, DiskErrors.Io, Plan.FlushFaultChance);
            _disk.Faults.FailByChance(DiskOperation.Write, DiskErrors.Io, Plan.WriteFaultChance);
            if (Plan.FullDiskBytes is { } bytes)
                _disk.CapacityBytes = bytes;
            long within = life == 0 && FirstCrashAt is { } first ? first : _random.Next(1, Plan.CrashWithin + 1);
            RunLife(_disk.OperationCount + within, produce: true);
            FirstLifeCrashed |= life == 0 && _crashAt == 0;
        }

        _disk.Faults.Clear();
        _disk.CapacityBytes = long.MaxValue / 2;
        RunLife(long.MaxValue, produce: true);
        RunLife(long.MaxValue, produce: false);
        foreach ((DiskOperation operation, long hits) in _disk.Faults.Hits)
            _counters.Add($"fault: {operation}", hits);
        Assert.Empty(_disk.Violations);
        return _history.Check();
    }

    private void RunLife(long crashAt, bool produce)
    {
        _crashAt = crashAt;
        SimulatedProcess process = _scheduler.CreateProcess("node");
        _process = process;
        Task life = process.Start(() => LiveAsync(process.Ports, _disk.Attach(), produce));
        _scheduler.RunUntil(() => process.IsDead || life.IsCompleted, "the life has not ended", LifeLimit);
        if (!process.IsDead)
        {
            life.GetAwaiter().GetResult();
            Crash("end of life");
        }
    }

    private void CrashWhenDue(DiskOperationInfo operation)
    {
        if (operation.Number < _crashAt)
            return;
        _crashAt = 0;
        Crash(operation.Operation.ToString());
    }

    private void Crash(string where)
    {
        if (_process!.IsDead)
            return;
        bool powerCut = _random.Chance(Plan.PowerCutChance);
        _counters.Add(powerCut ? $"power cut at {where}" : $"kill at {where}");
        _process.Kill();
        AcknowledgeFlushed();
        if (powerCut)
            _disk.PowerCut(_random, Outcome);
        else
            _disk.ProcessKill();
    }

    private async Task LiveAsync(RuntimePorts ports, IDisk disk, bool produce)
    {
        try
        {
            LogDirectory directory = LogDirectory.Open(disk, DataPath, new LogDirectoryOptions { NodeId = new NodeId(1) }, ports);
            var logs = new PartitionLog[Plan.Partitions];
            for (int i = 0; i < logs.Length; i++)
                logs[i] = await OpenAsync(directory, new PartitionId(i));
            foreach (PartitionLog log in logs)
                ReadAll(log);
            if (produce)
                await ProduceAndReadAsync(ports, logs);
            else
                foreach (PartitionLog log in logs)
                    _history.ReadComplete(log.Id.Partition, log.LogStart, log.LogEnd);
            if (!produce || _random.Chance(0.5))
            {
                await directory.DisposeAsync();
                AcknowledgeFlushed();
                _counters.Add("clean shutdown");
            }
        }
        catch (StorageException refused) when (Plan.HasFaults && produce && _crashAt != long.MaxValue)
        {
            _counters.Add($"life ended by {refused.Kind}");
        }
    }

    private async Task<PartitionLog> OpenAsync(LogDirectory directory, PartitionId partition)
    {
        var options = new PartitionLogOptions { Flush = Plan.Flush, SegmentSizeMax = Plan.SegmentSizeMax };
        PartitionLog log = await directory.OpenPartitionAsync(
            new TopicPartition(_topic, partition), TopicName, options, CancellationToken.None);
        Assert.Empty(log.Defects);
        LeaderEpoch used = _usedEpochs[partition.Value];
        if (!directory.WasClean)
            Assert.True(log.LeaderEpoch > used, $"epoch {log.LeaderEpoch} after a crash, and appends had {used}");
        Assert.True(log.LeaderEpoch >= used, $"epoch {log.LeaderEpoch}, and appends had {used}");
        _counters.Add(directory.WasClean ? "clean start" : "recovery");
        return log;
    }

    private async Task ProduceAndReadAsync(RuntimePorts ports, PartitionLog[] logs)
    {
        var tasks = new List<Task>();
        for (int i = 0; i < Plan.Producers; i++)
            tasks.Add(ProduceAsync(ports, logs, producer: i));
        foreach (PartitionLog log in logs)
            tasks.Add(ReadAlongAsync(ports, log));
        await Task.WhenAll(tasks);
    }

    private async Task ProduceAsync(RuntimePorts ports, PartitionLog[] logs, int producer)
    {
        for (int i = 0; i < Plan.AppendsPerProducer; i++)
        {
            PartitionLog log = logs[(int)_random.Next(logs.Length)];
            var values = new ulong[_random.Next(1, 6)];
            for (int k = 0; k < values.Length; k++)
            {
                values[k] = ++_nextValue;
                _history.SendStarted(producer, values[k], log.Id.Partition);
            }

            AppendResult result = await log.AppendAsync(RecordValues.MakeBatch(values, ports.Clock.WallNow), AppendMode.Confirmed);
            _counters.Add($"append: {result.Status}");
            if (result.Status == AppendStatus.Ok)
                _usedEpochs[log.Id.Partition.Value] = log.LeaderEpoch;
            Settle(log, values, result);
            if (result.Status is AppendStatus.Fenced or AppendStatus.Closed)
                return;
            if (_random.Chance(0.3))
                await ports.Timers.DelayAsync(TimeSpan.FromMicroseconds(_random.Next(2000)), CancellationToken.None);
        }
    }

    private void Settle(PartitionLog log, ulong[] values, AppendResult result)
    {
        switch (result.Status)
        {
            case AppendStatus.Ok when Plan.MayLoseUnflushed:
                _notFlushed.Add((log, values, result.BaseOffset));
                break;
            case AppendStatus.Ok:
                Acknowledge(log, values, result.BaseOffset);
                break;
            case AppendStatus.DiskFull:
                foreach (ulong value in values)
                    _history.Failed(value);
                break;
            case AppendStatus.Fenced:
            case AppendStatus.Closed:
                break;
            default:
                Assert.Fail($"append: {result.Status} {result.Reason}");
                break;
        }
    }

    /// <summary>What was flushed by now counts as acknowledged: the next power cut must not take it.</summary>
    private void AcknowledgeFlushed()
    {
        foreach ((PartitionLog log, ulong[] values, LogOffset first) in _notFlushed)
            if (first.Plus(values.Length) <= log.FlushedEnd)
                Acknowledge(log, values, first);
        _notFlushed.Clear();
    }

    private void Acknowledge(PartitionLog log, ulong[] values, LogOffset first)
    {
        for (int i = 0; i < values.Length; i++)
            _history.Acknowledged(values[i], log.Id.Partition, first.Plus(i));
    }

    private async Task ReadAlongAsync(RuntimePorts ports, PartitionLog log)
    {
        for (int i = 0; i < 5; i++)
        {
            await ports.Timers.DelayAsync(TimeSpan.FromMicroseconds(_random.Next(1, 5000)), CancellationToken.None);
            if (Plan.Flush.Mode == FlushMode.Ack)
                Assert.True(log.ReadableEnd <= log.FlushedEnd, "records are readable that a power cut may take");
            ReadAll(log);
        }
    }

    /// <summary>Reads from the log start to the end that a crash cannot take.</summary>
    private void ReadAll(PartitionLog log)
    {
        int reader = _nextReader++;
        LogOffset end = Plan.MayLoseUnflushed
            ? LogOffset.Min(log.ReadableEnd, log.FlushedEnd)
            : log.ReadableEnd;
        LogOffset next = log.LogStart;
        LeaderEpoch epoch = LeaderEpoch.None;
        while (next < end)
        {
            ReadResult read = log.Read(next, (int)_random.Next(1, 40_000), end);
            Assert.True(read.Status == ReadStatus.Ok, $"read at {next} of [{log.LogStart}, {end}): {read.Status} {read.Defect}");
            Assert.False(read.Region.IsEmpty, $"read at {next} of [{log.LogStart}, {end}) is empty");
            byte[] bytes = new byte[read.Region.Length];
            Assert.Equal(bytes.Length, read.Region.File!.Read(read.Region.Position, bytes));
            read.Region.Release();
            foreach ((LogOffset offset, ulong value, LeaderEpoch recordEpoch) in RecordValues.ParseBatches(bytes))
            {
                Assert.True(recordEpoch >= epoch, $"epoch {recordEpoch} follows {epoch} at {offset}");
                epoch = recordEpoch;
                _history.Read(reader, log.Id.Partition, offset, value);
                next = offset.Next();
            }

            Assert.Equal(read.NextOffset, next);
        }
    }

    public override string ToString() => $"seed {_seed}: {Plan}";
}

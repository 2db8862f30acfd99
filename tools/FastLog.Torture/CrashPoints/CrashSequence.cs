using FastLog.Primitives;
using FastLog.Simulator;
using FastLog.Storage;
using FastLog.Storage.Maintenance;

namespace FastLog.Torture.CrashPoints;

/// <summary>
/// A short sequence of operations on a data directory over a simulated disk. Runs to its end; before each operation of the disk
/// (and once at the end) it shows the disk and what is known outside, so that a crash can be tried there on a copy.
/// </summary>
internal sealed class CrashSequence(string letters, Action<SimulatedDisk, CrashModel, string> atPoint)
{
    public const string Root = "/data";

    /// <summary>One operation each: small append, large append (rolls), appends to all partitions at once, append without a
    /// flush, trim, create, delete, clean restart, kill and restart, idempotent append with its repetition, fill segments, fill
    /// segments of the compacted partition, maintenance (retention, compaction).</summary>
    public const string Alphabet = "sltuxcdrkifym";

    public static readonly LogDirectoryOptions DirectoryOptions = new()
    {
        NodeId = new NodeId(1),
        Compaction = new CompactionOptions { MapBytesMax = 4 << 10, BytesPerSecondMax = 1L << 40, Interval = TimeSpan.FromDays(300) },
    };

    private static readonly PartitionLogOptions Plain = new() { SegmentSizeMax = StorageLimits.SegmentSizeMin };

    private static readonly PartitionLogOptions Compacted = Plain with
    {
        Compaction = new CompactionPolicy { DirtyRatioMin = 0, TombstoneRetention = TimeSpan.Zero },
    };

    private const char Kill = 'k';
    private const string TopicName = "crash";
    private const int PartitionsAtStart = 2;
    private const int FillCount = 5;
    private static readonly PartitionId CompactedPartition = new(1);
    private static readonly TopicId Topic = new(new Uid128(0x1111, 0x2222));

    private readonly SimulatedScheduler _scheduler = new(seed: 1);
    private readonly SimulatedDisk _disk = new(seed: 1);
    private readonly CrashModel _model = new();
    private readonly Dictionary<TopicPartition, PartitionLog> _open = [];
    private readonly Dictionary<TopicPartition, int> _sequences = [];
    private readonly HashSet<TopicPartition> _retained = [];
    private LogDirectory? _directory;
    private SimulatedProcess? _process;
    private int _values;
    private int _partitions;

    public static bool IsCompacted(TopicPartition id) => id.Partition == CompactedPartition;

    public static PartitionLogOptions OptionsOf(TopicPartition id) => IsCompacted(id) ? Compacted : Plain;

    /// <summary>Runs it; points are shown during the last operation alone, as the ones before are shorter sequences' own.</summary>
    public void Run()
    {
        Step(isLast: letters.Length == 0, null);
        for (int i = 0; i < letters.Length; i++)
            Step(isLast: i == letters.Length - 1, letters[i]);
    }

    private void Step(bool isLast, char? letter)
    {
        if (letter is null or Kill)
            NextProcess();
        if (isLast)
            _disk.BeforeOperation = info => Show(info.Number == 0 ? null : $"before {info.Operation} {info.Path}");
        Task task = _process!.Start(() => letter is { } some ? DoAsync(some) : StartAsync());
        _scheduler.RunUntil(() => task.IsCompleted, $"operation {letter} of '{letters}' has not ended");
        task.GetAwaiter().GetResult();
        _disk.BeforeOperation = null;
        if (isLast)
            Show("at the end");
    }

    private void NextProcess()
    {
        if (_process is not null)
        {
            _process.Kill();
            _disk.ProcessKill();
        }

        _process = _scheduler.CreateProcess("node");
    }

    private void Show(string? point)
    {
        if (point is not null)
            atPoint(_disk, _model, point);
    }

    private async Task StartAsync()
    {
        await OpenAsync();
        while (_partitions < PartitionsAtStart)
            await CreateAsync();
    }

    private async Task OpenAsync()
    {
        _directory = LogDirectory.Open(_disk.Attach(), Root, DirectoryOptions, _process!.Ports);
        _open.Clear();
        _retained.Clear();
        foreach (TopicPartition id in _model.Ids.Where(id => _model[id].Fate == CrashFate.Made).ToArray())
            _open[id] = await _directory.OpenPartitionAsync(id, TopicName, OptionsOf(id), CancellationToken.None);
    }

    private Task DoAsync(char letter) => letter switch
    {
        's' => AppendAsync(First(), CrashSize.Small, AppendMode.Confirmed),
        'l' => AppendAsync(First(), CrashSize.Large, AppendMode.Confirmed),
        'u' => AppendAsync(First(), CrashSize.Small, AppendMode.Unconfirmed),
        't' => Task.WhenAll(_open.Keys.Order().Select(id => AppendAsync(id, CrashSize.Small, AppendMode.Confirmed))),
        'i' => AppendTwiceAsync(First()),
        'f' => FillAsync(First()),
        'y' => FillAsync(ToCompact()),
        'm' => MaintainAsync(),
        'x' => TrimAsync(First()),
        'c' => CreateAsync(),
        'd' => DeleteAsync(First()),
        'r' => RestartCleanAsync(),
        Kill => OpenAsync(),
        _ => throw new ArgumentException($"no operation '{letter}'"),
    };

    private TopicPartition? First() => _open.Keys.Order().Select(id => (TopicPartition?)id).FirstOrDefault();

    private TopicPartition? ToCompact() => _open.Keys.Where(IsCompacted).Select(id => (TopicPartition?)id).FirstOrDefault();

    private async Task FillAsync(TopicPartition? id)
    {
        for (int i = 0; i < FillCount; i++)
            await AppendAsync(id, CrashSize.Middle, AppendMode.Confirmed);
    }

    private Task AppendAsync(TopicPartition? id, CrashSize size, AppendMode mode) => id is { } some
        ? AppendAsync(some, CrashValue.Number(++_values, size), mode)
        : Task.CompletedTask;

    private async Task<LogOffset> AppendAsync(TopicPartition id, ulong number, AppendMode mode)
    {
        CrashPartition partition = _model[id];
        partition.Sent(number);
        PartitionLog log = _open[id];
        if (_retained.Contains(id))
            partition.StartAsked = LogOffset.Max(partition.StartAsked, log.LogEnd);
        AppendResult result = await log.AppendAsync(CrashValue.Batch(number), mode);
        Invariant.Check(result.Status == AppendStatus.Ok);

        // Not before: the epoch rises durably before the first append writes.
        partition.Epoch = log.LeaderEpoch;
        if (mode == AppendMode.Confirmed)
            partition.Acknowledge(result.BaseOffset, number);
        return result.BaseOffset;
    }

    /// <summary>A batch of a producer, and the same once more before the first is answered.</summary>
    private async Task AppendTwiceAsync(TopicPartition? id)
    {
        if (id is not { } some)
            return;
        int sequence = _sequences.GetValueOrDefault(some);
        _sequences[some] = sequence + 1;
        ulong number = CrashValue.NumberInSequence(++_values, sequence);
        LogOffset[] offsets = await Task.WhenAll(
            AppendAsync(some, number, AppendMode.Confirmed), AppendAsync(some, number, AppendMode.Confirmed));
        Invariant.Check(offsets[0] == offsets[1]);
    }

    /// <summary>
    /// Retention takes what it can, also from what is appended later in this life: freed files are used again at once. The log
    /// of keys is compacted.
    /// </summary>
    private async Task MaintainAsync()
    {
        if (First() is { } first)
        {
            PartitionLog log = _open[first];
            CrashPartition partition = _model[first];
            partition.StartAsked = LogOffset.Max(partition.StartAsked, LastOf(log));
            await log.ReconfigureAsync(OptionsOf(first) with { RetentionSizeMax = 0 });
            await _directory!.RunMaintenanceAsync(first, MaintenanceKind.Retention);
            partition.Start = log.LogStart;
            _retained.Add(first);
        }

        if (ToCompact() is { } compacted)
            await _directory!.RunMaintenanceAsync(compacted, MaintenanceKind.Compaction);
    }

    private static LogOffset LastOf(PartitionLog log) => new(Math.Max(log.LogStart.Value, log.ReadableEnd.Value - 1));

    /// <summary>All but the last record goes.</summary>
    private async Task TrimAsync(TopicPartition? id)
    {
        if (id is null || _open[id.Value].ReadableEnd <= _open[id.Value].LogStart.Next())
            return;
        PartitionLog log = _open[id.Value];
        CrashPartition partition = _model[id.Value];
        partition.StartAsked = LastOf(log);
        partition.Start = await log.TrimPrefixAsync(partition.StartAsked);
    }

    private async Task CreateAsync()
    {
        var id = new TopicPartition(Topic, new PartitionId(_partitions++));
        _ = _model[id];
        _open[id] = await _directory!.OpenPartitionAsync(id, TopicName, OptionsOf(id), CancellationToken.None);
        _model[id].Fate = CrashFate.Made;
    }

    private async Task DeleteAsync(TopicPartition? id)
    {
        if (id is null)
            return;
        _model[id.Value].Fate = CrashFate.Deleting;
        _open.Remove(id.Value);
        await _directory!.DeletePartitionAsync(id.Value, TopicName);
        _model[id.Value].Fate = CrashFate.Deleted;
    }

    private async Task RestartCleanAsync()
    {
        await _directory!.DisposeAsync();
        await OpenAsync();
    }
}

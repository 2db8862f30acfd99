using System.Text;
using FastLog.Primitives;
using FastLog.Records;
using FastLog.Simulator;
using FastLog.Storage.Compaction;
using FastLog.Storage.Inspection;
using FastLog.Storage.Maintenance;
using FastLog.Storage.Tests.Logs;

namespace FastLog.Storage.Tests.Compaction;

/// <summary>A record as it was acknowledged.</summary>
internal sealed record KeyedRecord(long Offset, string? Key, string? Value, TimeSpan At)
{
    public bool IsTombstone => Key is not null && Value is null;
}

/// <summary>
/// A log that is compacted, beside a list of all that was acknowledged in it. Knows what a reader may and must find: every
/// record as it was sent, the last one of each key, and a tombstone at least until its time is over.
/// </summary>
internal sealed class CompactionHistory
{
    public static readonly TimeSpan TombstoneRetention = TimeSpan.FromHours(1);

    private readonly List<KeyedRecord> _records = [];
    private readonly Dictionary<long, int> _sequences = [];
    private readonly Dictionary<long, long> _lastBatches = [];
    private readonly Prng _random;
    private readonly long _mapBytes;
    private long _reach;
    private long _startMin;
    private long _startMax;
    private bool _isCut;
    private long _cutAt = long.MaxValue;

    public CompactionHistory(ulong seed, long mapBytes = 1 << 20, CompactionPolicy? policy = null)
        : this(seed, mapBytes, policy, disk: null)
    {
    }

    private CompactionHistory(ulong seed, long mapBytes, CompactionPolicy? policy, SimulatedDisk? disk)
    {
        Seed = seed;
        _mapBytes = mapBytes;
        _random = new Prng(seed);
        var options = new PartitionLogOptions
        {
            SegmentSizeMax = StorageLimits.SegmentSizeMin,
            Compaction = policy ?? new CompactionPolicy { TombstoneRetention = TombstoneRetention, DirtyRatioMin = 0 },
        };
        Rig = new StorageRig(seed, options, disk)
        {
            Compaction = new CompactionOptions { MapBytesMax = mapBytes, BytesPerSecondMax = 1L << 40, Interval = TimeSpan.FromDays(300) },
        };
        Rig.Disk.BeforeOperation = OnOperation;
        Rig.Start();
    }

    public ulong Seed { get; }

    public StorageRig Rig { get; }

    public Prng Random => _random;

    public IReadOnlyList<KeyedRecord> Records => _records;

    public PowerCutOutcome Outcome { get; set; } = PowerCutOutcome.Random;

    public string Context => $"seed {Seed}, {Outcome}, cut at {_cutAt}";

    /// <summary>All below was compacted.</summary>
    public long CleanPointOffset => (Rig.Log.Compaction.Point ?? CleanPoint.Read(Rig.Disk.Attach(), StorageRig.PartitionPath)).FirstDirty.Value;

    /// <summary>Appends a batch of keyed records; a null value is a tombstone.</summary>
    public void Append(IReadOnlyList<(string? Key, string? Value)> records, Codec codec = Codec.None, long producer = -1)
    {
        var builder = new BatchBuilder(new byte[1 << 18]);
        foreach ((string? key, string? value) in records)
            Assert.True(builder.TryAppend(TimeOf(_records.Count + builder.RecordCount), Bytes(key), Bytes(value)));
        int sequence = _sequences.GetValueOrDefault(producer);
        BatchProducer triple = producer < 0 ? BatchProducer.None : new BatchProducer(producer, 0, sequence);
        AppendResult result = Rig.Append(builder.Build(codec, triple).ToArray());
        Assert.Equal(AppendStatus.Ok, result.Status);
        if (producer >= 0)
        {
            _sequences[producer] = sequence + records.Count;
            _lastBatches[producer] = result.BaseOffset.Value;
        }

        foreach ((string? key, string? value) in records)
            _records.Add(new KeyedRecord(_records.Count, key, value, Rig.Scheduler.Elapsed));
        Assert.Equal(_records.Count - 1, result.LastOffset.Value);
    }

    /// <summary>A few batches of random keys, tombstones among them.</summary>
    public void AppendSome(int batches, int keys)
    {
        for (int i = 0; i < batches; i++)
        {
            int count = (int)_random.Next(1, 6);
            var records = new List<(string? Key, string? Value)>();
            for (int j = 0; j < count; j++)
            {
                string key = $"key-{_random.Next(keys)}";
                bool isTombstone = _random.Next(5) == 0;
                string value = $"{_records.Count + j}-{new string('x', (int)_random.Next(0, 300))}";
                records.Add((key, isTombstone ? null : value));
            }

            Append(records, _random.Next(3) == 0 ? Codec.Gzip : Codec.None, _random.Next(3) - 1);
        }
    }

    /// <summary>A record from a time when the topic was not compacted.</summary>
    public void AppendWithoutKey()
    {
        Rig.Run(() => Rig.Log.ReconfigureAsync(Rig.Options with { Compaction = null }));
        Append([(null, $"{_records.Count}")]);
        Rig.Run(() => Rig.Log.ReconfigureAsync(Rig.Options));
    }

    public void Compact()
    {
        NoteReach();
        Rig.Run(() => Rig.Directory.RunMaintenanceAsync(StorageRig.Id, MaintenanceKind.Compaction));
    }

    /// <summary>Compacts until the disk has done so many operations, then the power fails; false when it ended before.</summary>
    public bool CompactUntilCut(long operations)
    {
        NoteReach();
        return RunUntilCut(operations, () => Rig.Directory.RunMaintenanceAsync(StorageRig.Id, MaintenanceKind.Compaction));
    }

    /// <summary>Deletes the records below an offset; cut off as above.</summary>
    public bool TrimUntilCut(long start, long operations)
    {
        _startMax = Math.Max(_startMax, start);
        bool isCut = RunUntilCut(operations, () => Rig.Log.TrimPrefixAsync(new LogOffset(start)));
        _startMin = isCut ? _startMin : _startMax;
        return isCut;
    }

    /// <summary>Deletes old segments over the topic's size; cut off as above.</summary>
    public bool RetainUntilCut(long operations) =>
        RunUntilCut(operations, () => Rig.Directory.RunMaintenanceAsync(StorageRig.Id, MaintenanceKind.Retention));

    /// <summary>Begins a segment, whatever the active one holds.</summary>
    public void Roll() => Rig.Run(() => Rig.Log.RollIfOlderAsync(TimeSpan.Zero));

    /// <summary>Starts until the disk has done so many operations, then the power fails; false when it ended before.</summary>
    public bool StartUntilCut(long operations)
    {
        _cutAt = Rig.Disk.OperationCount + operations;
        _isCut = false;
        SimulatedProcess process = Rig.NextProcess();
        Task task = process.Start(async () =>
        {
            LogDirectory directory = LogDirectory.Open(
                Rig.Disk.Attach(), StorageRig.Root, StorageRig.DirectoryOptions() with { Compaction = Rig.Compaction }, process.Ports);
            await directory.OpenPartitionAsync(StorageRig.Id, StorageRig.TopicName, Rig.Options, CancellationToken.None);
        });
        Rig.Scheduler.RunUntil(() => task.IsCompleted || _isCut, Context);
        _cutAt = long.MaxValue;
        if (!_isCut)
            Rig.Kill();
        return _isCut;
    }

    /// <summary>The same log, stopped cleanly before, on a disk of its own.</summary>
    public CompactionHistory Fork(ulong seed, PowerCutOutcome outcome)
    {
        var fork = new CompactionHistory(seed, _mapBytes, Rig.Options.Compaction, Rig.Disk.Clone(seed))
        {
            Outcome = outcome,
            _reach = _reach,
            _startMin = _startMin,
            _startMax = _startMax,
        };
        fork.PassTime(Rig.Scheduler.Elapsed);
        fork._records.AddRange(_records);
        foreach ((long producer, long offset) in _lastBatches)
            fork._lastBatches[producer] = offset;
        foreach ((long producer, int sequence) in _sequences)
            fork._sequences[producer] = sequence;
        return fork;
    }

    /// <summary>Checks the files as they are, of a log that is not open; damage that is found.</summary>
    public IReadOnlyList<LogDefect> Inspect()
    {
        var inspection = new LogInspection(Rig.Disk);
        InspectedPartition partition = Assert.Single(inspection.Find(StorageRig.Root));
        return inspection.Verify(partition, CancellationToken.None).Defects;
    }

    /// <summary>All records that can be read; damage is stepped over.</summary>
    public IReadOnlyList<KeyedRecord> ReadReadable()
    {
        var records = new List<KeyedRecord>();
        using var inflate = new InflateBuffer(BufferPool.Shared);
        for (LogOffset next = Rig.Log.LogStart; next < Rig.Log.ReadableEnd;)
        {
            ReadResult result = Rig.Log.Read(next, 20_000, Rig.Log.ReadableEnd);
            next = result.NextOffset;
            byte[] bytes = new byte[result.Region.Length];
            result.Region.File?.Read(result.Region.Position, bytes);
            result.Region.Release();
            var batches = new BatchReader(bytes, BatchCheck.Checksum);
            while (batches.Read())
            {
                if (batches.TryOpenRecords(inflate, out RecordReader record) != BatchStatus.Ok)
                    continue;
                while (record.Read())
                    records.Add(new KeyedRecord(record.Offset.Value, Text(record.Key), Text(record.Value), TimeSpan.Zero));
            }
        }

        return records;
    }

    public void PassTime(TimeSpan time) => Rig.Scheduler.RunFor(time);

    /// <summary>Reads the whole log and holds it against what must and may be there.</summary>
    /// <param name="isCompacted">All below the clean point is compacted without a failure: no key is there twice.</param>
    public void Check(bool isCompacted = false)
    {
        // Retention also comes round by itself.
        if (Rig.Options.RetentionSizeMax is not null)
            _startMax = _records.Count;
        long start = Rig.Log.LogStart.Value;
        Assert.True(start >= _startMin && start <= _startMax, $"{Context}: the log starts at {start}, not in {_startMin} to {_startMax}");
        (_startMin, _startMax) = (start, start);
        List<KeyedRecord> found = Read(out Dictionary<long, long> lastBatches);
        long cleanPoint = CleanPointOffset;
        foreach (KeyedRecord record in found)
        {
            KeyedRecord sent = _records[(int)record.Offset];
            Assert.True(record.Key == sent.Key && record.Value == sent.Value, $"{Context}: offset {record.Offset} holds another record");
        }

        HashSet<long> offsets = [.. found.Select(record => record.Offset)];
        long untouched = isCompacted ? cleanPoint : _reach;
        IEnumerable<KeyedRecord> kept = _records.Skip((int)start);
        foreach (KeyedRecord record in kept.Where(record => record.Offset >= untouched || record.Key is null))
            Assert.True(offsets.Contains(record.Offset), $"{Context}: offset {record.Offset} is lost, nothing from {untouched} on was compacted");
        var view = found.Where(record => record.Key is not null).GroupBy(record => record.Key!)
            .ToDictionary(group => group.Key, group => group.Last());
        foreach (IGrouping<string, KeyedRecord> history in kept.Where(record => record.Key is not null).GroupBy(record => record.Key!))
            CheckKey(history.Last(), view.GetValueOrDefault(history.Key));
        if (isCompacted)
        {
            var twice = found.Where(record => record.Key is not null && record.Offset < cleanPoint)
                .GroupBy(record => record.Key).FirstOrDefault(group => group.Count() > 1);
            Assert.True(twice is null, $"{Context}: {twice?.Key} is there at {string.Join(", ", twice?.Select(r => r.Offset) ?? [])}");
        }

        foreach ((long producer, long offset) in _lastBatches.Where(last => last.Value >= start))
            Assert.True(lastBatches.GetValueOrDefault(producer, -1) == offset, $"{Context}: producer {producer}'s last batch at {offset} is gone");
        Assert.True(Rig.Log.Defects.Count == 0, $"{Context}: {string.Join("; ", Rig.Log.Defects)}");
        Assert.True(Rig.Disk.Violations.Count == 0, $"{Context}: {string.Join("; ", Rig.Disk.Violations)}");
    }

    private void CheckKey(KeyedRecord last, KeyedRecord? seen)
    {
        if (seen?.Offset == last.Offset)
            return;
        Assert.True(last.IsTombstone, $"{Context}: {last.Key}'s last value at {last.Offset} is lost, a reader sees {seen?.Offset}");
        Assert.True(seen is null, $"{Context}: {last.Key} was deleted at {last.Offset} and is back from {seen?.Offset}");
        TimeSpan age = Rig.Scheduler.Elapsed - last.At;
        Assert.True(age >= TombstoneRetention, $"{Context}: the tombstone of {last.Key} at {last.Offset} went after {age}");
    }

    private List<KeyedRecord> Read(out Dictionary<long, long> lastBatches)
    {
        var records = new List<KeyedRecord>();
        lastBatches = [];
        LogOffset start = Rig.Log.LogStart;
        LogOffset next = start;
        using var inflate = new InflateBuffer(BufferPool.Shared);
        while (next < Rig.Log.ReadableEnd)
        {
            ReadResult result = Rig.Log.Read(next, (int)_random.Next(1, 20_000), Rig.Log.ReadableEnd);
            Assert.True(result.Status == ReadStatus.Ok, $"{Context}: {result.Status} at {next}: {result.Defect}");
            byte[] bytes = new byte[result.Region.Length];
            Assert.Equal(bytes.Length, result.Region.File!.Read(result.Region.Position, bytes));
            result.Region.Release();
            var batches = new BatchReader(bytes, BatchCheck.Checksum);
            while (batches.Read())
            {
                bool follows = next == start ? batches.Header.BaseOffset <= next : batches.Header.BaseOffset == next;
                Assert.True(follows, $"{Context}: base offset {batches.Header.BaseOffset} where {next} must follow");
                next = batches.Header.NextOffset;
                if (batches.Header.ProducerId >= 0)
                    lastBatches[batches.Header.ProducerId] = batches.Header.BaseOffset.Value;
                Assert.Equal(BatchStatus.Ok, batches.TryOpenRecords(inflate, out RecordReader record));
                while (record.Read())
                {
                    if (record.Offset < start)
                        continue;
                    Assert.Equal(TimeOf(record.Offset.Value), record.Timestamp);
                    records.Add(new KeyedRecord(record.Offset.Value, Text(record.Key), Text(record.Value), TimeSpan.Zero));
                }

                Assert.Equal(BatchStatus.Ok, record.Status);
            }

            Assert.Equal(BatchStatus.Ok, batches.Status);
            Assert.Equal(result.NextOffset, next);
        }

        Assert.True(next == Rig.Log.ReadableEnd, Context);
        Assert.True(next.Value == _records.Count, $"{Context}: the log ends at {next}, {_records.Count} were acknowledged");
        return records;
    }

    private bool RunUntilCut(long operations, Func<Task> body)
    {
        _cutAt = Rig.Disk.OperationCount + operations;
        _isCut = false;
        Task task = Rig.Process.Start(body);
        Rig.Scheduler.RunUntil(() => task.IsCompleted || _isCut, Context);
        _cutAt = long.MaxValue;
        if (!_isCut)
            task.GetAwaiter().GetResult();
        return _isCut;
    }

    /// <summary>A pass goes no further than the active segment, whether it comes to its end or not.</summary>
    private void NoteReach() => _reach = Math.Max(_reach, Rig.Log.Segments[Rig.Log.Segments.Count - 1].BaseOffset.Value);

    private void OnOperation(DiskOperationInfo operation)
    {
        if (_isCut || operation.Number == 0 || operation.Number < _cutAt)
            return;
        _isCut = true;
        Rig.Process.Kill();
        Rig.Disk.PowerCut(_random, Outcome);
    }

    // Some go back: a timestamp is a client's.
    private static Timestamp TimeOf(long offset) => new(1_000_000 + offset - (offset % 7 * 10));

    private static byte[]? Bytes(string? text) => text is null ? null : Encoding.UTF8.GetBytes(text);

    private static string? Text(NullableBytes bytes) => bytes.IsNull ? null : Encoding.UTF8.GetString(bytes.Span);
}

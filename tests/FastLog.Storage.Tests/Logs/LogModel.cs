using System.Globalization;
using FastLog.Primitives;
using FastLog.Simulator;
using FastLog.Storage.Flushing;
using FastLog.Storage.Maintenance;
using FastLog.Storage.Tests.Producers;

namespace FastLog.Storage.Tests.Logs;

/// <summary>
/// A log beside a list in memory, from one seed: each step does one thing to both; some are cut off at an operation of the disk
/// by a kill or a power cut. What the log may be after that, the list tells; what it then is, the list takes over.
/// </summary>
internal sealed class LogModel
{
    private const long Producer = 7;

    private readonly Prng _random;
    private readonly StorageRig _rig;
    private readonly SortedDictionary<string, long> _counts;

    // By offset; what lies below the start stays known.
    private readonly List<TestRecord> _records = [];
    private readonly List<ModelBatch> _batches = [];
    private long _start;

    // What the deleted batches of the producer said is in a snapshot: a power cut may take that, a truncation takes it.
    private bool _remembersDeleted;
    private string _step = "the first start";

    // Of the step under way, and of the starts after it was cut off.
    private long _cutAt = long.MaxValue;
    private bool _isCut;
    private bool _isDown;
    private bool _isPowerCut;
    private long _trimTo;
    private long _dropTo;
    private long _written;
    private long _flushed;

    public LogModel(ulong seed, SortedDictionary<string, long> counts)
    {
        _random = new Prng(seed);
        _counts = counts;
        _rig = new StorageRig(seed, new PartitionLogOptions
        {
            SegmentSizeMax = _random.Next(1, 5) * StorageLimits.SegmentSizeMin,
            Flush = _random.Next(4) switch
            {
                0 => FlushPolicy.Os,
                1 => FlushPolicy.Every(TimeSpan.FromMilliseconds(_random.Next(1, 50))),
                _ => FlushPolicy.Ack,
            },
            RetentionSizeMax = _random.Chance(0.5) ? _random.Next(1, 4) * StorageLimits.SegmentSizeMin : null,
        });
        _rig.Disk.BeforeOperation = CutWhenDue;
        _rig.Start();
    }

    private enum StepKind
    {
        Append,
        AppendSequenced,
        SendAgain,
        Trim,
        Truncate,
        TruncateBesideAppend,
        Roll,
        Flush,
        Retain,
        PassTime,
        Restart,
        Crash,
    }

    private long End => _records.Count;

    /// <summary>Does and checks so many steps, then reads all of it.</summary>
    public void Run(int steps)
    {
        for (int i = 0; i < steps; i++)
        {
            StepKind kind = Choose();
            _step = $"step {i}, {kind}";
            Count(kind.ToString());
            (_trimTo, _dropTo, _written) = (_start, long.MaxValue, End);
            if (kind != StepKind.TruncateBesideAppend && _random.Chance(0.12))
                _cutAt = _rig.Disk.OperationCount + _random.Next(1, 30);
            Do(kind);
            if (_isCut)
                StartAgain();
            _cutAt = long.MaxValue;
            CheckBounds();
            ReadSome();
            FindByTime();
        }

        _step = "at the end";
        Assert.Equal(_records.Skip((int)_start), _rig.ReadAll(_start, bytesMax: 3_000).SkipWhile(record => record.Offset < _start));
        Assert.Empty(_rig.Disk.Violations);
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{_step}: model [{_start}, {End}), flush {_rig.Options.Flush.Mode}, retention {_rig.Options.RetentionSizeMax}");

    private StepKind Choose() => _random.Next(24) switch
    {
        < 8 => StepKind.Append,
        < 11 => StepKind.AppendSequenced,
        < 12 => StepKind.SendAgain,
        < 14 => StepKind.Trim,
        < 16 => StepKind.Truncate,
        < 17 => StepKind.TruncateBesideAppend,
        < 18 => StepKind.Roll,
        < 19 => StepKind.Flush,
        < 20 => StepKind.Retain,
        < 22 => StepKind.PassTime,
        < 23 => StepKind.Restart,
        _ => StepKind.Crash,
    };

    private void Do(StepKind kind)
    {
        switch (kind)
        {
            case StepKind.Append:
                Append(sequence: -1);
                break;
            case StepKind.AppendSequenced:
                Append(LastSequenced() is { } last ? last.Sequence + last.Values.Length : 0);
                break;
            case StepKind.SendAgain:
                SendAgain();
                break;
            case StepKind.Trim:
                Trim();
                break;
            case StepKind.Truncate:
                Truncate();
                break;
            case StepKind.TruncateBesideAppend:
                TruncateBesideAppend();
                break;
            case StepKind.Roll:
                Try(() => _rig.Log.RollIfOlderAsync(TimeSpan.Zero));
                break;
            case StepKind.Flush:
                Try(() => _rig.Log.SettleAsync());
                break;
            case StepKind.Retain:
                Try(() => _rig.Directory.RunMaintenanceAsync(StorageRig.Id, MaintenanceKind.Retention));
                break;
            case StepKind.PassTime:
                _rig.Scheduler.RunFor(TimeSpan.FromSeconds(_random.Next(1, 400)));
                break;
            case StepKind.Restart:
                if (Try(async () => await _rig.Directory.DisposeAsync()))
                {
                    (_isDown, _flushed) = (true, End);
                    StartAgain();
                }

                break;
            default:
                Cut();
                break;
        }
    }

    /// <summary>Runs one thing to its end; false when it was cut off.</summary>
    private bool Try(Func<Task> body)
    {
        Task task = _rig.Process.Start(body);
        _rig.Scheduler.RunUntil(() => task.IsCompleted || _isCut, _step);
        if (_isCut)
            return false;
        task.GetAwaiter().GetResult();
        return true;
    }

    private void Append(int sequence)
    {
        ModelBatch batch = Make(sequence);
        AppendResult result = default;
        if (Try(async () => result = await _rig.Log.AppendAsync(batch.Encode(Producer), AppendMode.Confirmed)))
            ProducerRig.AtOffset(End, result);

        // Cut off, it may be there: the next start tells.
        Add(batch);
        _remembersDeleted |= sequence >= 0;
    }

    /// <summary>The producer's last batch once more: it gets the offset that it has.</summary>
    private void SendAgain()
    {
        if (LastSequenced() is not { } last || (last.Base < _rig.Log.LogStart.Value && !_remembersDeleted))
            return;
        Count(last.Base < _start ? "duplicates of deleted batches" : "duplicates");
        AppendResult result = default;
        if (!Try(async () => result = await _rig.Log.AppendAsync(last.Encode(Producer), AppendMode.Confirmed)))
            return;
        ProducerRig.AtOffset(last.Base, result);
    }

    private void Trim()
    {
        long before = _random.Next(_start, End + 3);
        _trimTo = before;
        StorageErrorKind? refused = null;
        if (!Try(async () => refused = await RefusalOf(_rig.Log.TrimPrefixAsync(new LogOffset(before)))))
            return;
        Assert.Equal(before > End ? StorageErrorKind.InvalidArgument : null, refused);
        Assert.True(refused is not null || _rig.Log.LogStart.Value >= before);
    }

    private void Truncate()
    {
        // Mostly near the end, as replicas do; sometimes far back, or below the start.
        long end = _random.Chance(0.6) ? Math.Max(0, End - _random.Next(20)) : _random.Next(End + 2);
        _dropTo = Math.Max(BoundaryAt(end), _start);
        LogOffset told = LogOffset.None;
        StorageErrorKind? refused = null;
        if (Try(async () => refused = await RefusalOf(TruncateAsync(end))))
            Truncated(end, told, refused);

        async Task TruncateAsync(long to) => told = await _rig.Log.TruncateSuffixAsync(new LogOffset(to));
    }

    /// <summary>What comes while a suffix is dropped either goes with it or follows the new end.</summary>
    private void TruncateBesideAppend()
    {
        long end = Math.Max(0, End - _random.Next(1, 12));
        ModelBatch batch = Make(sequence: -1);
        bool appendsFirst = _random.Next(2) == 0;
        LogOffset told = LogOffset.None;
        StorageErrorKind? refused = null;
        AppendResult result = default;
        Assert.True(Try(async () =>
        {
            Task append = appendsFirst ? AppendAsync() : Task.CompletedTask;
            Task<StorageErrorKind?> truncation = RefusalOf(TruncateAsync());
            if (!appendsFirst)
                append = AppendAsync();
            refused = await truncation;
            await append;
        }));
        bool wasHeld = refused is null && _rig.Log.LogEnd == result.LastOffset.Next();
        Count(wasHeld ? "appends held by a truncation" : "appends before a truncation");
        if (wasHeld)
            Truncated(end, told, refused);
        ProducerRig.AtOffset(End, result);
        Add(batch);
        if (!wasHeld)
            Truncated(end, told, refused);

        async Task AppendAsync() => result = await _rig.Log.AppendAsync(batch.Encode(Producer), AppendMode.Confirmed);
        async Task TruncateAsync() => told = await _rig.Log.TruncateSuffixAsync(new LogOffset(end));
    }

    private void Truncated(long end, LogOffset told, StorageErrorKind? refused)
    {
        long boundary = BoundaryAt(end);
        if (boundary < _rig.Log.LogStart.Value)
        {
            Assert.Equal(StorageErrorKind.InvalidArgument, refused);
            Count("truncations refused");
            return;
        }

        Assert.Null(refused);
        Assert.Equal(boundary, told.Value);
        Count(boundary < End ? "suffixes dropped" : "nothing to drop");
        DropFrom(boundary);
    }

    private static async Task<StorageErrorKind?> RefusalOf(Task work)
    {
        try
        {
            await work;
            return null;
        }
        catch (StorageException failure)
        {
            return failure.Kind;
        }
    }

    private ModelBatch Make(int sequence)
    {
        string[] values = [.. Enumerable.Range(0, (int)_random.Next(1, 5)).Select(
            _ => _random.NextUInt64().ToString("x", CultureInfo.InvariantCulture) + new string('v', (int)_random.Next(900)))];
        return new ModelBatch(0, 1_000 + _random.Next(5_000), values, sequence);
    }

    private void Add(ModelBatch batch)
    {
        _batches.Add(batch with { Base = End });
        foreach (string value in batch.Values)
            _records.Add(new TestRecord(End, batch.Timestamp, value));
    }

    private ModelBatch? LastSequenced() => _batches.FindLast(static batch => batch.Sequence >= 0);

    /// <summary>The base offset of the batch that holds it, and the log end where none does.</summary>
    private long BoundaryAt(long offset) => offset >= End ? End : _batches.FindLast(batch => batch.Base <= offset)!.Base;

    private void DropFrom(long end)
    {
        Assert.True(BoundaryAt(end) == end, $"the log ends at {end}, inside of a batch");
        _remembersDeleted &= end == End;
        _batches.RemoveAll(batch => batch.Base >= end);
        _records.RemoveRange((int)end, _records.Count - (int)end);
    }

    private void CutWhenDue(DiskOperationInfo operation)
    {
        if (_isCut || operation.Number == 0 || operation.Number < _cutAt)
            return;
        Count($"cut at {operation.Operation}");
        Cut();
    }

    private void Cut()
    {
        _isCut = true;
        _cutAt = long.MaxValue;
        if (!_isDown)
        {
            _isDown = true;
            _flushed = _rig.Options.Flush.Mode == FlushMode.Ack ? _written : _rig.Log.FlushedEnd.Value;
        }

        if (_random.Next(2) == 0)
        {
            _rig.Kill();
            return;
        }

        _isPowerCut = true;
        _remembersDeleted = false;
        _rig.PowerCut(_random, (PowerCutOutcome)_random.Next(3));
    }

    /// <summary>Starts until a start is not cut off, and takes over what is there, when it may be.</summary>
    private void StartAgain()
    {
        do
        {
            _isCut = false;
            _cutAt = _random.Chance(0.2) ? _rig.Disk.OperationCount + _random.Next(1, 40) : long.MaxValue;
            _rig.NextProcess();
        }
        while (!Try(_rig.OpenAsync));
        _cutAt = long.MaxValue;
        Assert.True(_rig.Log.Defects.Count == 0, string.Join("; ", _rig.Log.Defects));
        long end = _rig.Log.LogEnd.Value;
        long least = Math.Min(_isPowerCut ? _flushed : _written, _dropTo);
        Assert.True(end >= least && end <= End, $"the log ends at {end}, not from {least} to {End}");
        Count(end < End ? "starts with less" : "starts with all");
        DropFrom(end);
        if (_isPowerCut && _flushed <= _start && _rig.Log.LogStart.Value > _start)
        {
            // Nothing was flushed, and of its segments the first ones are lost.
            Count("first segments lost");
            _trimTo = BoundaryAt(_rig.Log.LogStart.Value);
        }

        (_isDown, _isPowerCut) = (false, false);
    }

    private void CheckBounds()
    {
        PartitionLog log = _rig.Log;
        Assert.Null(log.Fault);
        Assert.Equal(End, log.LogEnd.Value);
        Assert.True(_rig.Options.Flush.Mode != FlushMode.Ack || log.ReadableEnd == log.LogEnd);
        long start = log.LogStart.Value;
        Assert.True(start >= _start, $"the log start went back to {start}");
        Assert.True(start <= End, $"the log starts at {start}");
        bool isRetained = _rig.Options.RetentionSizeMax is not null && BoundaryAt(start) == start;
        Assert.True(start == _start || start == _trimTo || isRetained, $"the log starts at {start}");
        if (start > _start)
            Count(start == _trimTo ? "starts moved" : "starts moved by retention");
        _start = start;
    }

    private void ReadSome()
    {
        long from = _random.Next(End + 3);
        long end = _random.Next(End + 3);
        ReadResult result = _rig.Log.Read(new LogOffset(from), (int)_random.Next(10_000), new LogOffset(end));
        if (from > End || from < _start)
        {
            Assert.Equal(ReadStatus.OutOfRange, result.Status);
            return;
        }

        Assert.Equal(ReadStatus.Ok, result.Status);
        if (result.Region.IsEmpty)
        {
            Assert.Equal(from, result.NextOffset.Value);
            return;
        }

        var records = new List<TestRecord>();
        StorageRig.Decode(result, records);
        result.Region.Release();
        Assert.True(records[0].Offset <= from);
        Assert.True(records[^1].Offset >= from);
        Assert.True(records[^1].Offset < end);
        Assert.Equal(_records.GetRange((int)records[0].Offset, records.Count), records);
    }

    private void FindByTime()
    {
        long at = 900 + _random.Next(5_300);
        int expected = Expected();
        OffsetLookup found = _rig.Find(at);

        // Retention may have gone on meanwhile.
        _start = _rig.Log.LogStart.Value;
        if (found.Offset.Value != expected)
            expected = Expected();
        Assert.True(found.Offset.Value == expected, $"{found.Offset} instead of {expected} for {at}");
        if (expected >= 0)
            Assert.Equal(_records[expected].Timestamp, found.Timestamp.UnixMilliseconds);

        int Expected() => _records.FindIndex((int)_start, record => record.Timestamp >= at);
    }

    private void Count(string what) => _counts[what] = _counts.GetValueOrDefault(what) + 1;
}

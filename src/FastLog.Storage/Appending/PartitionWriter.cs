using System.Buffers.Binary;
using FastLog.Primitives;
using FastLog.Records;
using FastLog.Storage.Disk;
using FastLog.Storage.Flushing;
using FastLog.Storage.Producers;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Appending;

/// <summary>
/// The one writer of a partition log: stages appends, writes what a burst staged with one gathered write, rolls segments,
/// and completes appends when what they wait for has come. All members in the partition's section, but for those that say
/// otherwise. A failed write or flush fences the log: nothing is acknowledged afterwards.
/// </summary>
internal sealed class PartitionWriter : ISerialOwner
{
    private const int PoolMax = 1_024;

    private readonly PartitionState _state;
    private readonly RuntimePorts _ports;
    private readonly SerialSection _section;
    private readonly RollPolicy _rollPolicy;
    private readonly UnflushedRanges _unflushed;
    private readonly PartitionProducers _producers;
    private readonly List<AppendWork> _staged = [];
    private readonly List<ReadOnlyMemory<byte>> _gather = [];
    private readonly Queue<AppendWork> _unacknowledged = new();
    private readonly ReadableEndNotice _notice;
    private readonly Lock _poolGate = new();
    private readonly Stack<AppendWork> _pool = new();
    private FlushMember? _member;
    private ActiveSegment? _active;
    private bool _closing;
    private bool _faultHandled;
    private Task _settling = Task.CompletedTask;

    public PartitionWriter(
        PartitionState state, ActiveSegment? active, PartitionProducers producers, RuntimePorts ports)
    {
        _producers = producers;
        _state = state;
        _ports = ports;
        _active = active;
        _section = new SerialSection(ports.Executor, this);
        _rollPolicy = new RollPolicy(state.Options);
        _unflushed = state.Unflushed;
        _notice = new ReadableEndNotice(state);
        if (active is not null)
            _rollPolicy.Begin(active.Created, ports.Clock.WallNow, ports.Clock.Now);
    }

    public SerialSection Section => _section;

    /// <summary>Before the first append.</summary>
    public void Attach(FlushMember member) => _member = member;

    /// <summary>From any thread: enters the section and ends as the flush policy says.</summary>
    public ValueTask<AppendResult> AppendAsync(ReadOnlyMemory<byte> batches, in AppendSummary summary, AppendMode mode)
    {
        AppendWork? work;
        lock (_poolGate)
            _pool.TryPop(out work);
        work ??= new AppendWork(this);
        ValueTask<AppendResult> task = work.Begin(batches, summary, mode);
        _section.Run(work);
        return task;
    }

    /// <summary>From any thread: the result of a work item was taken.</summary>
    public void GiveBack(AppendWork work)
    {
        lock (_poolGate)
        {
            if (_pool.Count < PoolMax)
                _pool.Push(work);
        }
    }

    public void Stage(AppendWork work)
    {
        if (_state.Fault is { } fault)
            Refuse(work, new AppendResult { Status = AppendStatus.Fenced, Fault = fault });
        else if (_closing)
            Refuse(work, new AppendResult { Status = AppendStatus.Closed });
        else
            _staged.Add(work);
    }

    public void BurstEnded()
    {
        if (_staged.Count == 0)
            return;
        Timestamp wallNow = _ports.Clock.WallNow;
        MonotonicTime now = _ports.Clock.Now;
        int at = 0;
        while (at < _staged.Count && _state.Fault is null)
            at = WriteGroup(at, wallNow, now);
        if (at < _staged.Count)
            RefuseStaged();
        _staged.Clear();
    }

    public void Faulted(Exception cause)
    {
        Fence(StorageFaultKind.Bug, _state.Directory, $"a bug in the storage engine: {cause.Message}", cause);
        RefuseStaged();
    }

    /// <summary>A flush ended: what it covers is acknowledged.</summary>
    public void FlushEnded(FlushPoint point, DiskException? failure)
    {
        if (failure is not null)
        {
            Fence(StorageFaultKind.FlushFailed, failure.Path, $"a flush failed: {failure.Message}", failure);
            return;
        }

        if (_state.Fault is not null)
        {
            HandleFault();
            return;
        }

        _unflushed.Ended(point);
        if (point.NextOffset <= _state.Bounds.FlushedEnd)
            return;
        LogOffset readable = _state.Bounds.ReadableEnd;
        _state.Bounds.MoveFlushedEnd(point.NextOffset);
        while (_unacknowledged.TryPeek(out AppendWork? work) && work.LastOffset < point.NextOffset)
            Acknowledge(_unacknowledged.Dequeue());
        while (_producers.TryTakeJoined(point.NextOffset, out AppendWork duplicate))
            Acknowledge(duplicate);
        if (_state.Bounds.ReadableEnd > readable)
            _section.Defer(_notice);
    }

    /// <summary>Fences the log; the first cause stays.</summary>
    public void Fence(StorageFaultKind kind, string file, string message, Exception? cause)
    {
        _state.SetFault(new StorageFault(kind, file, _state.Bounds.LogEnd, message, cause));
        HandleFault();
    }

    /// <summary>
    /// Other settings from the next append on. A change of the flush policy starts a flush: what waits for one still gets it
    /// as it was promised, and what waited for nobody does not wait for an interval that is over.
    /// </summary>
    public void Reconfigure(PartitionLogOptions options)
    {
        FlushPolicy former = _state.Options.Flush;
        _state.Options = options;
        _rollPolicy.Reconfigure(options);
        if (options.Flush == former)
            return;
        LogOffset readable = _state.Bounds.ReadableEnd;
        _state.Bounds.ChangeMode(options.Flush.Mode);
        if (_state.Bounds.ReadableEnd > readable)
            _section.Defer(_notice);
        if (!_closing && _state.Fault is null && _state.Bounds.FlushedEnd < _state.Bounds.LogEnd)
            _settling = TrySettleAsync(_settling);
    }

    /// <summary>Begins the next segment when the active one has data and is older.</summary>
    public void RollIfOlder(TimeSpan age)
    {
        if (_closing || _state.Fault is not null || _active is not { } active || active.End.NextOffset == active.BaseOffset)
            return;
        MonotonicTime now = _ports.Clock.Now;
        if (!_rollPolicy.IsOlder(age, now))
            return;
        try
        {
            if (!active.IsOpen)
                OpenRecovered(active);
            Roll(_ports.Clock.WallNow, now);

            // Flushed as an append would be: what is recorded lies in the new segment from then on.
            _member!.MarkDirty(SegmentLayout.HeaderSize, callers: 0);
        }
        catch (DiskException failure) when (failure.IsDiskFull && _state.Fault is null)
        {
            // It stays the active one until there is room.
        }
        catch (DiskException failure)
        {
            Fence(StorageFaultKind.WriteFailed, failure.Path, $"a segment could not be begun: {failure.Message}", failure);
        }
    }

    /// <summary>No further append is taken; those that wait still end as their flush does.</summary>
    public void BeginClose() => _closing = true;

    /// <summary>Fails what still waits: nothing will come for it any more.</summary>
    public void FailWaiting(AppendResult result)
    {
        while (_unacknowledged.TryDequeue(out AppendWork? work))
            Refuse(work, result);
        while (_producers.TryTakeJoined(new LogOffset(long.MaxValue), out AppendWork duplicate))
            Refuse(duplicate, result);
    }

    /// <summary>Ends when the files of sealed segments are settled. After <see cref="BeginClose"/>.</summary>
    public Task SettledAsync() => _settling;

    public ActiveSegment? Active => _active;

    /// <summary>Writes the appends from <paramref name="from"/> on that go into one gathered write; the first one that does not.</summary>
    private int WriteGroup(int from, Timestamp wallNow, MonotonicTime now)
    {
        if (!_producers.TryBeginGroup(_staged[from], now, out AppendResult? answer))
        {
            // Without an answer it is a duplicate that waits for what its original waits for.
            if (answer is { } result)
                Refuse(_staged[from], result);
            return from + 1;
        }

        if (!TryPrepare(_staged[from], wallNow, now))
            return from + 1;
        ActiveSegment active = _active!;
        SegmentEnd end = active.End;
        _gather.Clear();
        long bytes = 0;
        int to = from;
        while (to < _staged.Count)
        {
            AppendWork work = _staged[to];
            if (to > from && IsGroupFull(bytes, work, active, end, now))
                break;

            // Judged against what this group may still fail to write: it begins the next one and is judged there again.
            if (to > from && !_producers.Continues(work, now))
                break;
            work.Assign(end.NextOffset);
            Stamp(work.WritableBatches, end.NextOffset);
            _gather.Add(work.Batches);
            bytes += work.Batches.Length;
            end = new SegmentEnd(end.Position.Plus(work.Batches.Length), end.NextOffset.Plus(work.OffsetCount));
            to++;
        }

        if (TryWrite(active, end, from, to))
            Written(active, end, from, to, wallNow, now);
        return to;
    }

    private bool IsGroupFull(long bytes, AppendWork work, ActiveSegment active, SegmentEnd end, MonotonicTime now)
    {
        if (_gather.Count >= StorageLimits.GatheredWriteBuffersMax)
            return true;
        if (bytes + work.Batches.Length > StorageLimits.GatheredWriteBytesMax)
            return true;
        return _rollPolicy.IsDue(active, end, work.Batches.Length, end.NextOffset.Plus(work.OffsetCount - 1), now);
    }

    /// <summary>Sees to an open active segment that the append fits into; else refuses the append.</summary>
    private bool TryPrepare(AppendWork work, Timestamp wallNow, MonotonicTime now)
    {
        try
        {
            if (_active is null)
            {
                Roll(wallNow, now);
                return true;
            }

            if (!_active.IsOpen)
                OpenRecovered(_active);
            SegmentEnd end = _active.End;
            if (_rollPolicy.IsDue(
                _active, end, work.Batches.Length, end.NextOffset.Plus(work.OffsetCount - 1), now))
                Roll(wallNow, now);
            return true;
        }
        catch (DiskException failure) when (failure.IsDiskFull && _state.Fault is null)
        {
            StorageMetrics.DiskFull(1);
            Refuse(work, new AppendResult { Status = AppendStatus.DiskFull });
        }
        catch (DiskException failure)
        {
            Fence(StorageFaultKind.WriteFailed, failure.Path, $"a segment could not be begun: {failure.Message}", failure);
            Refuse(work, new AppendResult { Status = AppendStatus.Fenced, Fault = _state.Fault });
        }

        return false;
    }

    private void OpenRecovered(ActiveSegment active)
    {
        active.EnsureOpen();
        _unflushed.Begin(active.File.Acquire()!, active.End.Position, active.Point, isNew: false);
    }

    private void Roll(Timestamp wallNow, MonotonicTime now)
    {
        _state.MakeEpochDurable();
        ActiveSegment? former = _active;
        ActiveSegment next = ActiveSegment.Create(
            _state.Context, _state.Bounds.LogEnd, wallNow, _state.Options.SegmentSizeMax);
        SealedSegment? @sealed = null;
        if (former is not null)
        {
            try
            {
                @sealed = former.Seal();
            }
            catch (DiskException failure)
            {
                next.CloseIndexes();
                next.File.Close();
                Fence(StorageFaultKind.WriteFailed, failure.Path, $"a seal was not written: {failure.Message}", failure);
                throw;
            }
        }

        _unflushed.Begin(next.File.Acquire()!, FilePosition.Zero, next.Point, isNew: true);
        _active = next;
        _state.Segments = _state.Segments.Rolled(@sealed, next);
        _state.AddBytes(SegmentLayout.HeaderSize);
        _rollPolicy.Begin(next.Created, wallNow, now);
        StorageMetrics.Rolled();
        if (@sealed is null)
            return;
        _producers.TakeSnapshot();
        _settling = UnpinWhenSettledAsync(_settling, @sealed.File);
    }

    /// <summary>Group commit may still use the file; only then may the cache of open files close it.</summary>
    private async Task UnpinWhenSettledAsync(Task former, SegmentFile file)
    {
        if (await TrySettleAsync(former))
            file.Unpin();
    }

    /// <summary>False when a flush failed: it fences the log by itself, and files stay open until the log is closed.</summary>
    private async Task<bool> TrySettleAsync(Task former)
    {
        await former;
        try
        {
            await _member!.SettleAsync();
            return true;
        }
        catch (DiskException)
        {
            return false;
        }
    }

    private void Stamp(Span<byte> batches, LogOffset offset)
    {
        while (!batches.IsEmpty)
        {
            int size = BatchHeaderLayout.LengthPrefixSize
                + BinaryPrimitives.ReadInt32BigEndian(batches[BatchHeaderLayout.LengthAt..]);
            int lastOffsetDelta = BinaryPrimitives.ReadInt32BigEndian(batches[BatchHeaderLayout.LastOffsetDeltaAt..]);
            BatchStamp.Stamp(batches[..size], offset, _state.LeaderEpoch);
            offset = offset.Plus(lastOffsetDelta + 1L);
            batches = batches[size..];
        }
    }

    private bool TryWrite(ActiveSegment active, SegmentEnd end, int from, int to)
    {
        bool started = false;
        try
        {
            active.EnsureAllocated(end.Position, _state.Options.SegmentSizeMax);
            started = true;
            active.Write(_gather);
            return true;
        }
        catch (DiskException failure)
        {
            AppendResult refusal = WriteFailed(active, failure, started);
            if (refusal.Status == AppendStatus.DiskFull)
                StorageMetrics.DiskFull(to - from);
            for (int i = from; i < to; i++)
                Refuse(_staged[i], refusal);
            return false;
        }
    }

    private AppendResult WriteFailed(ActiveSegment active, DiskException failure, bool started)
    {
        bool isWhole = failure.IsDiskFull;
        if (isWhole && started)
            isWhole = TryDropUnfinishedWrite(active);
        if (isWhole)
            return new AppendResult { Status = AppendStatus.DiskFull };
        Fence(StorageFaultKind.WriteFailed, failure.Path, $"a write failed: {failure.Message}", failure);
        return new AppendResult { Status = AppendStatus.Fenced, Fault = _state.Fault };
    }

    private static bool TryDropUnfinishedWrite(ActiveSegment active)
    {
        try
        {
            active.DropUnfinishedWrite();
            return true;
        }
        catch (DiskException)
        {
            return false;
        }
    }

    private void Written(
        ActiveSegment active, SegmentEnd end, int from, int to, Timestamp wallNow, MonotonicTime now)
    {
        FilePosition position = active.End.Position;
        long bytes = end.Position.Since(position);
        for (int i = from; i < to; i++)
        {
            active.Account(_staged[i].Batches.Span, position, wallNow);
            _producers.Written(_staged[i], now);
            position = position.Plus(_staged[i].Batches.Length);
        }

        Invariant.Check(position == end.Position);
        active.MoveEnd(end);
        _unflushed.Advance(active.Point);
        LogOffset readable = _state.Bounds.ReadableEnd;
        _state.Bounds.MoveLogEnd(end.NextOffset);
        _state.AddBytes(bytes);
        StorageMetrics.Written(to - from, bytes);
        _producers.Grew(bytes);
        bool waits = _state.Options.Flush.Mode == FlushMode.Ack;
        int callers = 0;
        for (int i = from; i < to; i++)
        {
            if (waits && _staged[i].Mode == AppendMode.Confirmed)
                callers++;
        }

        _member!.MarkDirty(bytes, callers);
        for (int i = from; i < to; i++)
        {
            if (waits && _staged[i].Mode != AppendMode.Unconfirmed)
                _unacknowledged.Enqueue(_staged[i]);
            else
                Acknowledge(_staged[i]);
        }

        if (_state.Bounds.ReadableEnd > readable)
            _section.Defer(_notice);
    }

    private void Acknowledge(AppendWork work)
    {
        work.Finish(new AppendResult
        {
            Status = AppendStatus.Ok,
            BaseOffset = work.BaseOffset,
            LastOffset = work.LastOffset,
            LogStart = _state.Bounds.LogStart,
        });
        _section.Defer(work);
    }

    private void Refuse(AppendWork work, in AppendResult result)
    {
        work.Finish(result with { LogStart = _state.Bounds.LogStart });
        _section.Defer(work);
    }

    /// <summary>Ends the burst: what neither was written nor refused can only be left because the log is fenced.</summary>
    private void RefuseStaged()
    {
        foreach (AppendWork work in _staged)
        {
            if (!work.IsFinished && !_unacknowledged.Contains(work) && !_producers.IsJoined(work))
                Refuse(work, new AppendResult { Status = AppendStatus.Fenced, Fault = _state.Fault });
        }

        _staged.Clear();
    }

    /// <summary>Fails all that waits and tells the observers, once.</summary>
    private void HandleFault()
    {
        FailWaiting(new AppendResult { Status = AppendStatus.Fenced, Fault = _state.Fault });
        if (_faultHandled)
            return;
        _faultHandled = true;
        StorageMetrics.Fenced();
        _section.Defer(new FaultNotice(_state));
    }
}

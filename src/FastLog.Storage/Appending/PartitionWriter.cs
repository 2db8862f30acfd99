using System.Buffers.Binary;
using FastLog.Primitives;
using FastLog.Records;
using FastLog.Storage.Disk;
using FastLog.Storage.Flushing;
using FastLog.Storage.Maintenance;
using FastLog.Storage.Producers;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Appending;

/// <summary>
/// The one writer of a partition log: stages appends, writes what a burst staged with one gathered write, and completes appends when what they wait for has come. All members in the partition's section, but for those that say
/// otherwise. A failed write or flush fences the log: nothing is acknowledged afterwards.
/// </summary>
internal sealed class PartitionWriter : ISerialOwner
{
    private const int PoolMax = 1_024;

    private readonly PartitionState _state;
    private readonly RuntimePorts _ports;
    private readonly SerialSection _section;
    private readonly SegmentRoller _roller;
    private readonly UnflushedRanges _unflushed;
    private readonly PartitionProducers _producers;
    private readonly List<AppendWork> _staged = [];
    private readonly List<ReadOnlyMemory<byte>> _gather = [];
    private readonly Queue<AppendWork> _unacknowledged = new();
    private readonly ReadableEndNotice _notice;
    private readonly RetentionClock _clock;
    private readonly ActionWork _rolled;
    private readonly Lock _poolGate = new();
    private readonly Stack<AppendWork> _pool = new();
    private readonly PartitionCooling _cooling;
    private FlushMember? _member;
    private bool _closing;
    private bool _isHeld;
    private bool _faultHandled;

    /// <param name="state">What it shares with the readers.</param>
    /// <param name="active">The segment that the next append goes to; null: it begins one.</param>
    /// <param name="producers">Knows the idempotent producers.</param>
    /// <param name="services">Clocks and executor; bounds the logs that are open for appends.</param>
    /// <param name="rolled">Called outside of the section when a segment was begun.</param>
    public PartitionWriter(
        PartitionState state,
        ActiveSegment? active,
        PartitionProducers producers,
        PartitionServices services,
        Action rolled)
    {
        _producers = producers;
        _state = state;
        _ports = services.Ports;
        _section = new SerialSection(_ports.Executor, this);
        _cooling = new PartitionCooling(state, this, services.WarmLogs);
        _roller = new SegmentRoller(state, active, producers, _cooling, _ports, services.Clock);
        _unflushed = state.Unflushed;
        _notice = new ReadableEndNotice(state);
        _clock = services.Clock;
        _rolled = new ActionWork(rolled);
    }

    public SerialSection Section => _section;

    /// <summary>Before the first append.</summary>
    public void Attach(FlushMember member)
    {
        _member = member;
        _roller.Member = member;
    }

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
        if (_staged.Count == 0 || _isHeld)
            return;
        MonotonicTime now = _ports.Clock.Now;
        Timestamp appendTime = _clock.At(now, _ports.Clock.WallNow);
        int at = 0;
        while (at < _staged.Count && _state.Fault is null)
            at = WriteGroup(at, appendTime, now);
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
        _roller.Reconfigure(options);
        if (options.Flush == former)
            return;
        LogOffset readable = _state.Bounds.ReadableEnd;
        _state.Bounds.ChangeMode(options.Flush.Mode);
        if (_state.Bounds.ReadableEnd > readable)
            _section.Defer(_notice);
        if (!_closing && _state.Fault is null && _state.Bounds.FlushedEnd < _state.Bounds.LogEnd)
            _roller.FlushSoon();
    }

    /// <summary>
    /// Seals the segment if it still is the active one and holds records, and begins the next: what retention takes must
    /// not be appended to.
    /// </summary>
    public void SealActive(Segment segment) => TryRollUnasked(segment, TimeSpan.Zero);

    /// <summary>Begins the next segment when the active one has data and is older.</summary>
    public void RollIfOlder(TimeSpan age) => TryRollUnasked(null, age);

    /// <summary>Appends that come wait until <see cref="GoOn"/>: neither the log end nor the active segment moves.</summary>
    public void Hold() => _isHeld = true;

    public void GoOn() => _isHeld = false;

    /// <summary>
    /// The log's suffix is cut: appends go on in this segment, which takes the place of the one that begins where it does. While
    /// they are held, and with all of it flushed.
    /// </summary>
    /// <returns>The segments that are not part of the log any more; their files are the caller's.</returns>
    public IReadOnlyList<Segment> CutTo(ActiveSegment last)
    {
        Invariant.Check(_isHeld);
        Invariant.Check(_unacknowledged.Count == 0);
        _state.Bounds.CutEnd(last.End.NextOffset);
        _state.Quarantine.CutTo(last.End.NextOffset);
        return _roller.CutTo(last);
    }

    /// <summary>No further append is taken; those that wait still end as their flush does.</summary>
    public void BeginClose()
    {
        _closing = true;
        _cooling.Closed();
    }

    /// <summary>Fails what still waits: nothing will come for it any more.</summary>
    public void FailWaiting(AppendResult result)
    {
        while (_unacknowledged.TryDequeue(out AppendWork? work))
            Refuse(work, result);
        while (_producers.TryTakeJoined(new LogOffset(long.MaxValue), out AppendWork duplicate))
            Refuse(duplicate, result);
    }

    /// <summary>Ends when the files of sealed segments are settled. After <see cref="BeginClose"/>.</summary>
    public Task SettledAsync() => _roller.Settled;

    /// <summary>The log fills its segments one soon after the other. From any thread.</summary>
    public bool RollsOften => _roller.RollsOften;

    public ActiveSegment? Active => _roller.Active;

    public FlushMember Member => _member!;

    public bool IsClosing => _closing;

    /// <summary>Appends came that are not written yet.</summary>
    public bool HasStaged => _staged.Count > 0;

    /// <summary>Writes the appends from <paramref name="from"/> on that go into one gathered write; the first one that does not.</summary>
    private int WriteGroup(int from, Timestamp appendTime, MonotonicTime now)
    {
        if (!_producers.TryBeginGroup(_staged[from], now, out AppendResult? answer))
        {
            // Without an answer it is a duplicate that waits for what its original waits for.
            if (answer is { } result)
                Refuse(_staged[from], result);
            return from + 1;
        }

        if (!TryPrepare(_staged[from], appendTime, now))
            return from + 1;
        ActiveSegment active = _roller.Active!;
        SegmentEnd end = active.End;
        _gather.Clear();
        long bytes = 0;
        int to = from;
        while (to < _staged.Count)
        {
            AppendWork work = _staged[to];
            if (to > from && IsGroupFull(bytes, work, end, now))
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
        {
            _cooling.Written(now);
            Written(active, end, from, to, appendTime, now);
        }

        return to;
    }

    private bool IsGroupFull(long bytes, AppendWork work, SegmentEnd end, MonotonicTime now)
    {
        if (_gather.Count >= StorageLimits.GatheredWriteBuffersMax)
            return true;
        if (bytes + work.Batches.Length > StorageLimits.GatheredWriteBytesMax)
            return true;
        return _roller.IsRollDue(end, work, now);
    }

    /// <summary>Sees to an open active segment that the append fits into; else refuses the append.</summary>
    private bool TryPrepare(AppendWork work, Timestamp appendTime, MonotonicTime now)
    {
        if (!_cooling.MayOpen())
        {
            Refuse(work, new AppendResult { Status = AppendStatus.Busy });
            return false;
        }

        try
        {
            long rolls = _roller.Rolls;
            _roller.Prepare(work, appendTime, now);
            TellRolled(rolls);
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

    /// <summary>Without an append. On a full disk the active segment stays until there is room; a failing one fences the log.</summary>
    private void TryRollUnasked(Segment? segment, TimeSpan age)
    {
        if (_closing || _state.Fault is not null)
            return;
        try
        {
            long rolls = _roller.Rolls;
            _roller.RollUnasked(segment, age);
            TellRolled(rolls);
        }
        catch (DiskException failure) when (failure.IsDiskFull && _state.Fault is null)
        {
            StorageMetrics.DiskFull(0);
        }
        catch (DiskException failure)
        {
            Fence(StorageFaultKind.WriteFailed, failure.Path, $"a segment could not be begun: {failure.Message}", failure);
        }
    }

    private void TellRolled(long before)
    {
        if (_roller.Rolls > before)
            _section.Defer(_rolled);
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
        ActiveSegment active, SegmentEnd end, int from, int to, Timestamp appendTime, MonotonicTime now)
    {
        FilePosition position = active.End.Position;
        long bytes = end.Position.Since(position);
        for (int i = from; i < to; i++)
        {
            active.Account(_staged[i].Batches.Span, position, appendTime);
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
        _producers.Grew();
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

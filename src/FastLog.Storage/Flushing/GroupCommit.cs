using FastLog.Primitives;
using FastLog.Storage.Disk;
using FastLog.Storage.Recovery;

namespace FastLog.Storage.Flushing;

/// <summary>
/// Makes the written bytes of all partitions of one data directory durable, many at once, while writes go on. Few
/// or large ones are flushed in their own files, in parallel; the bytes of many small ones go into one round of the
/// recovery log. No log is flushed twice at once. The public members from any thread.
/// </summary>
public sealed class GroupCommit : ISerialOwner, IAsyncDisposable
{
    private readonly RecoveryLog _recoveryLog;
    private readonly RuntimePorts _ports;
    private readonly FlushSchedule _schedule;
    private readonly FlushGathering _gathering;
    private readonly List<FlushMember> _members = [];
    private readonly Stack<DirectFlight> _lanes = [];
    private readonly Stack<JournalFlight> _journals = [];
    private readonly List<TaskCompletionSource> _noteWaiters = [];
    private readonly int _laneCount;
    private bool _journalBusy;
    private bool _notesDue;
    private bool _noteTimerSet;
    private bool _closed;
    private TaskCompletionSource? _closing;
    private ulong _generation;
    private volatile DiskException? _failure;

    public GroupCommit(RecoveryLog recoveryLog, FlushOptions options, RuntimePorts ports)
    {
        ArgumentNullException.ThrowIfNull(recoveryLog);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(ports);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Lanes, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Lanes, 64);
        _recoveryLog = recoveryLog;
        _ports = ports;
        _laneCount = options.Lanes;
        Section = new SerialSection(ports.Executor, this);
        _schedule = new FlushSchedule(options, ports, Section);
        _gathering = new FlushGathering(ports, Section);
        _generation = recoveryLog.Generation;
        for (int i = 0; i < _laneCount; i++)
            _lanes.Push(new DirectFlight(this, recoveryLog, ports.Clock));
        // Two: one writes while the other tells its members.
        for (int i = 0; i < 2; i++)
            _journals.Push(new JournalFlight(this, recoveryLog, ports.Clock));
    }

    public FlushMetrics Metrics { get; } = new();

    /// <summary>The first failure of the recovery log: from then on nothing is made durable. Null while it works.</summary>
    public DiskException? Failure => _failure;

    internal SerialSection Section { get; }

    /// <summary>
    /// Takes a recovered log in, after the replay; <paramref name="point"/> is durable in its files. A log attaches once.
    /// </summary>
    public FlushMember Attach(IFlushParticipant participant, FlushPoint point)
    {
        ArgumentNullException.ThrowIfNull(participant);
        RecoveredPartition? known = _recoveryLog.Find(participant.Id);
        Invariant.Check(known is null || known.CarriedBytes == 0);
        var member = new FlushMember(this, participant, point);
        if (known?.Flushed is { } flushed && !point.Covers(flushed))
            _recoveryLog.NoteReset(participant.Id, point);
        else if (known?.Flushed != point)
            _recoveryLog.NoteFlushed(participant.Id, point);
        InSection(() =>
        {
            _members.Add(member);
            SetNoteTimer();
            if (_failure is { } failure)
                Fail(member, failure, tell: true);
        });
        return member;
    }

    /// <summary>Ends when all that was written before the call is durable in the partitions' own files.</summary>
    /// <exception cref="DiskException">A flush failed, now or earlier; the others were waited for.</exception>
    public async Task FlushAllAsync()
    {
        var members = new TaskCompletionSource<FlushMember[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        InSection(() => members.SetResult([.. _members]));
        Task[] settled = Array.ConvertAll(await members.Task, SettleAsync);
        DiskException? first = null;
        foreach (Task task in settled)
        {
            try
            {
                await task;
            }
            catch (DiskException failure)
            {
                first ??= failure;
            }
        }

        if (first is not null)
            throw new DiskException(first.Operation, first.Path, first.ErrorNumber, "a flush failed", first);
    }

    /// <summary>Flushes all, closes the recovery log. Members must not be used afterwards.</summary>
    /// <exception cref="DiskException">A flush failed, now or earlier; all is closed nevertheless.</exception>
    public async ValueTask DisposeAsync()
    {
        if (_closed)
            return;
        try
        {
            await FlushAllAsync();
        }
        finally
        {
            var closing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            InSection(() =>
            {
                _closed = true;
                _closing = closing;
                _schedule.Stop();
            });
            try
            {
                await closing.Task;
            }
            finally
            {
                _recoveryLog.Dispose();
            }
        }
    }

    /// <summary>After each burst: starts what can be started. Not for callers.</summary>
    void ISerialOwner.BurstEnded()
    {
        if (_closed)
        {
            TryClose();
            return;
        }

        if (_failure is not null)
            return;
        _schedule.StopCarryingIfMust();
        while (_lanes.Count > 0 && _schedule.TryTakeLarge(out FlushMember? member))
            StartDirect(member);
        // One lane is kept for acknowledgements: a background flush may take seconds.
        int kept = _laneCount > 1 ? 1 : 0;
        while (_lanes.Count > kept && _schedule.TryTakeBackground(out FlushMember? member))
            StartDirect(member);
        if (!_journalBusy && _journals.Count > 0 && (_notesDue || !_schedule.HasSmall() || !_gathering.ShouldWait()))
            StartJournal();
    }

    /// <summary>Our own bug: nothing may be acknowledged any more. Not for callers.</summary>
    void ISerialOwner.Faulted(Exception cause) =>
        Fence(new DiskException("group commit", "recovery log", 0, cause.Message, cause));

    internal void Arrived(FlushMember member, long bytes, int callers)
    {
        if (bytes <= 0 || member.Failure is not null || member.Gone)
            return;
        _gathering.Arrived(member, callers);
        _schedule.Add(member, bytes);
    }

    internal Task SettleAsync(FlushMember member)
    {
        var settled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        InSection(() =>
        {
            if (member.Failure is { } failure)
                settled.SetException(failure);
            else if (member.Gone || IsSettled(member))
                settled.SetResult();
            else
                member.NextFlush.Add(settled);
            if (member.NextFlush.Count > 0)
                _schedule.NeedOwnFlush(member);
        });
        return settled.Task;
    }

    internal Task NotesAsync()
    {
        var durable = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        InSection(() => AwaitNotes(durable));
        return durable.Task;
    }

    internal async Task RecordAsync(FlushMember member)
    {
        await SettleAsync(member);
        await NotesAsync();
    }

    internal Task ResetPointAsync(FlushMember member, FlushPoint point)
    {
        var durable = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        InSection(() =>
        {
            // A flight that finds nothing to flush may still be under way.
            if (member.InFlight)
                member.WhenLanded += Lower;
            else
                Lower();
        });
        return durable.Task;

        void Lower()
        {
            Invariant.Check(member.CarriedFiles.Count == 0);
            member.Point = point;
            _recoveryLog.NoteReset(member.Participant.Id, point);
            AwaitNotes(durable);
        }
    }

    internal async Task DetachAsync(FlushMember member)
    {
        try
        {
            await SettleAsync(member);
        }
        finally
        {
            await LeaveAsync(member);
        }
    }

    internal async Task RemoveAsync(FlushMember member)
    {
        await LeaveAsync(member);
        var durable = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        InSection(() =>
        {
            _recoveryLog.NoteRemoved(member.Participant.Id);
            AwaitNotes(durable);
        });
        await durable.Task;
    }

    internal void DirectLanded(DirectFlight flight, FlushMember member)
    {
        _lanes.Push(flight);
        _gathering.Landed(member);
        Landed(member);
        SetNoteTimer();
    }

    internal void JournalWritten(JournalFlight flight)
    {
        _journalBusy = false;
        if (flight.Failure is { } failure)
        {
            FailAll(flight.Waiters, failure);
            Fence(failure);
            return;
        }

        _gathering.Landed(flight.Members);
        if (flight.Written)
            CompleteAll(flight.Waiters);
        else
            FailAll(flight.Waiters, new DiskException("fallocate", "recovery log", 28, "the device is full"));
        _schedule.SetCarrying(flight.CanCarry, flight.Written);
        if (flight.HasPending)
            SetNoteTimer();
        if (flight.Generation == _generation)
            return;
        _generation = flight.Generation;
        foreach (FlushMember member in _members)
            FlushLaterIfOld(member);
    }

    internal void JournalLanded(JournalFlight flight)
    {
        foreach (FlushMember member in flight.Members)
            Landed(member);
        flight.Members.Clear();
        _journals.Push(flight);
    }

    private static bool IsSettled(FlushMember member) =>
        !member.InFlight && member.DirtyBytes == 0 && member.CarriedFiles.Count == 0 && !member.HasArrivals;

    private static void CompleteAll(List<TaskCompletionSource> waiters)
    {
        foreach (TaskCompletionSource waiter in waiters)
            waiter.SetResult();
        waiters.Clear();
    }

    private static void FailAll(List<TaskCompletionSource> waiters, DiskException failure)
    {
        foreach (TaskCompletionSource waiter in waiters)
            waiter.SetException(failure);
        waiters.Clear();
    }

    private void Depart(FlushMember member)
    {
        _gathering.Departed(member);
        member.InFlight = true;
        member.Queue = FlushMember.Place.None;
        member.FlightFailure = null;
        member.FlightBytes = member.DirtyBytes;
        member.DirtyBytes = 0;
    }

    private void InSection(Action action) => Section.Run(new ActionWork(action));

    private void StartDirect(FlushMember member)
    {
        Depart(member);
        // Only what asked before the flush looks at the log is covered by it.
        member.ThisFlush.AddRange(member.NextFlush);
        member.NextFlush.Clear();
        DirectFlight flight = _lanes.Pop();
        flight.Take(member);
        _ports.BlockingExecutor.Post(flight);
    }

    private void StartJournal()
    {
        JournalFlight flight = _journals.Peek();
        long bytes = 0;
        while (flight.Members.Count < GroupCommitLimits.RoundMembersMax && bytes < GroupCommitLimits.RoundBytesMax
            && _schedule.TryTakeSmall(out FlushMember? member))
        {
            bytes += member.DirtyBytes;
            flight.Members.Add(member);
        }

        // Alone: its own file costs the same flush and saves the second write.
        if (flight.Members.Count == 1 && !_notesDue && _lanes.Count == _laneCount)
        {
            FlushMember alone = flight.Members[0];
            flight.Members.Clear();
            StartDirect(alone);
            return;
        }

        if (flight.Members.Count == 0 && !_notesDue)
            return;
        foreach (FlushMember member in flight.Members)
            Depart(member);
        flight.Waiters.AddRange(_noteWaiters);
        _noteWaiters.Clear();
        _notesDue = false;
        _journalBusy = true;
        _journals.Pop();
        _ports.BlockingExecutor.Post(flight);
    }

    private void Landed(FlushMember member)
    {
        member.InFlight = false;
        _schedule.Flushed(member.FlightBytes);
        member.FlightBytes = 0;
        if (member.FlightFailure is { } failure)
            Fail(member, failure, tell: false);
        else if (_failure is { } fence)
            Fail(member, fence, tell: true);
        else
            CompleteAll(member.ThisFlush);
        Action? landed = member.WhenLanded;
        member.WhenLanded = null;
        landed?.Invoke();
        if (member.Failure is not null || member.Gone)
            return;
        if (member.NextFlush.Count > 0)
            _schedule.NeedOwnFlush(member);
        else
            _schedule.Consider(member);
        FlushLaterIfOld(member);
    }

    // The recovery log's older files live until the bytes they carry are in the partitions' own files.
    private void FlushLaterIfOld(FlushMember member)
    {
        if (!member.InFlight && member.CarriedGeneration != 0 && member.CarriedGeneration < _generation)
            _schedule.AddBackground(member);
    }

    private Task LeaveAsync(FlushMember member)
    {
        var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        InSection(() =>
        {
            member.Gone = true;
            _members.Remove(member);
            _schedule.Flushed(member.DirtyBytes);
            _gathering.GivenUp(member);
            member.DirtyBytes = 0;
            CompleteAll(member.NextFlush);
            if (member.InFlight)
                member.WhenLanded += left.SetResult;
            else
                left.SetResult();
        });
        return left.Task;
    }

    private void AwaitNotes(TaskCompletionSource durable)
    {
        if (_failure is { } failure)
        {
            durable.SetException(failure);
            return;
        }

        _noteWaiters.Add(durable);
        _notesDue = true;
    }

    private void SetNoteTimer()
    {
        if (_noteTimerSet || _notesDue || _closed || !_recoveryLog.HasPending)
            return;
        _noteTimerSet = true;
        TimeSpan delay = _schedule.HasRoom ? GroupCommitLimits.PointDelay : GroupCommitLimits.RoomRetry;
        _ports.Timers.Schedule(delay, new ActionWork(() => InSection(() =>
        {
            _noteTimerSet = false;
            _notesDue |= !_closed && _recoveryLog.HasPending;
        })));
    }

    private void Fence(DiskException cause)
    {
        _failure ??= cause;
        foreach (FlushMember member in _members)
        {
            if (!member.InFlight)
                Fail(member, _failure, tell: true);
        }

        FailAll(_noteWaiters, _failure);
    }

    private void Fail(FlushMember member, DiskException failure, bool tell)
    {
        if (member.Failure is not null)
            return;
        member.Failure = failure;
        FailAll(member.ThisFlush, failure);
        FailAll(member.NextFlush, failure);
        if (tell)
            Section.Defer(new ActionWork(() => member.Participant.FlushEnded(member.Point, failure)));
    }

    private void TryClose()
    {
        if (_closing is not { } closing || _journalBusy || _lanes.Count < _laneCount || _journals.Count < 2)
            return;
        _closing = null;
        FailAll(_noteWaiters, new DiskException("flush", "recovery log", 0, "group commit was closed"));
        _ports.BlockingExecutor.Post(new ActionWork(() =>
        {
            try
            {
                if (_failure is null)
                    _recoveryLog.Compact();
                closing.SetResult();
            }
            catch (DiskException failure)
            {
                closing.SetException(failure);
            }
        }));
    }
}

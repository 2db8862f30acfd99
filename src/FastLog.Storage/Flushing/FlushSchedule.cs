using System.Diagnostics.CodeAnalysis;
using FastLog.Primitives;

namespace FastLog.Storage.Flushing;

/// <summary>
/// Which member is flushed next, and how: the queues and clocks of <see cref="GroupCommit"/>. Inside of its section only.
/// </summary>
internal sealed class FlushSchedule(FlushOptions options, RuntimePorts ports, SerialSection section)
{
    // An entry counts while the member's Queue names that queue and it is not in flight; others are passed over.
    private readonly Queue<FlushMember> _small = [];
    private readonly Queue<FlushMember> _large = [];
    private readonly Queue<FlushMember> _background = [];
    private List<FlushMember> _waiting = [];
    private List<FlushMember> _spare = [];
    private IDisposable? _tick;
    private MonotonicTime _tickAt;
    private MonotonicTime _roomFrom;
    private bool _canCarry = true;
    private bool _stopped;
    private long _unflushedBytes;

    /// <summary>False for a while after the device had no room for the next recovery log file.</summary>
    public bool HasRoom => ports.Clock.Now >= _roomFrom;

    private bool CanCarry => _canCarry && HasRoom;

    public void Add(FlushMember member, long bytes)
    {
        if (member.DirtyBytes == 0)
            member.DirtySince = ports.Clock.Now;
        member.DirtyBytes += bytes;
        _unflushedBytes += bytes;
        Consider(member);
        if (member.Queue == FlushMember.Place.Small && member.DirtyBytes > GroupCommitLimits.CarryMemberBytesMax)
            EnqueueLarge(member);
        if (_unflushedBytes > options.UnflushedBytesMax)
            EnqueueWaiting(all: true);
    }

    /// <summary>The bytes of a flight have landed, one way or the other.</summary>
    public void Flushed(long bytes) => _unflushedBytes -= bytes;

    /// <summary>Puts the member into the queue it belongs to now, if any.</summary>
    public void Consider(FlushMember member)
    {
        if (member.InFlight || member.Queue != FlushMember.Place.None || member.DirtyBytes == 0)
            return;
        if (DueAt(member) is not { } due || due <= ports.Clock.Now)
        {
            Enqueue(member);
            return;
        }

        if (!member.Waiting)
        {
            member.Waiting = true;
            _waiting.Add(member);
        }

        SetTick(due);
    }

    /// <summary>The member's own files are to be flushed, soon.</summary>
    public void NeedOwnFlush(FlushMember member)
    {
        member.NeedsOwnFlush = true;
        if (!member.InFlight)
            EnqueueLarge(member);
    }

    /// <summary>The member's own files are to be flushed when a lane has nothing better to do.</summary>
    public void AddBackground(FlushMember member)
    {
        if (member.InBackground)
            return;
        member.InBackground = true;
        _background.Enqueue(member);
    }

    public void SetCarrying(bool canCarry, bool hadRoom)
    {
        _canCarry = canCarry || !hadRoom;
        if (!hadRoom)
            _roomFrom = ports.Clock.Now.Plus(GroupCommitLimits.RoomRetry);
    }

    public bool TryTakeLarge([NotNullWhen(true)] out FlushMember? member)
    {
        while (_large.TryDequeue(out member))
        {
            if (IsIn(member, FlushMember.Place.Large))
                return Take(member);
        }

        return false;
    }

    /// <summary>While no bytes can be carried, what waited for a round is flushed in its own files.</summary>
    public void StopCarryingIfMust()
    {
        if (_small.Count == 0 || CanCarry)
            return;
        while (TryTakeSmall(out FlushMember? member))
            EnqueueLarge(member);
    }

    /// <summary>Whether a round would take anyone now.</summary>
    public bool HasSmall()
    {
        while (_small.TryPeek(out FlushMember? member))
        {
            if (IsIn(member, FlushMember.Place.Small))
                return true;
            _small.Dequeue();
        }

        return false;
    }

    public bool TryTakeSmall([NotNullWhen(true)] out FlushMember? member)
    {
        while (_small.TryDequeue(out member))
        {
            if (IsIn(member, FlushMember.Place.Small))
                return Take(member);
        }

        return false;
    }

    public bool TryTakeBackground([NotNullWhen(true)] out FlushMember? member)
    {
        for (int left = _background.Count; left > 0; left--)
        {
            member = _background.Dequeue();
            if (member.InFlight)
            {
                _background.Enqueue(member);
                continue;
            }

            member.InBackground = false;
            if (member.Failure is null && !member.Gone && (member.DirtyBytes > 0 || member.CarriedFiles.Count > 0))
                return Take(member);
        }

        member = null;
        return false;
    }

    public void Stop()
    {
        _stopped = true;
        _tick?.Dispose();
        _tick = null;
    }

    private static bool IsIn(FlushMember member, FlushMember.Place place) =>
        member.Queue == place && !member.InFlight && member.Failure is null && !member.Gone;

    private static bool Take(FlushMember member)
    {
        member.Queue = FlushMember.Place.None;
        member.NeedsOwnFlush = false;
        return true;
    }

    private void Enqueue(FlushMember member)
    {
        if (!member.NeedsOwnFlush && member.DirtyBytes <= GroupCommitLimits.CarryMemberBytesMax && CanCarry)
        {
            member.Queue = FlushMember.Place.Small;
            _small.Enqueue(member);
        }
        else if (!member.NeedsOwnFlush && member.Participant.FlushPolicy.Mode != FlushMode.Ack)
        {
            AddBackground(member);
        }
        else
        {
            EnqueueLarge(member);
        }
    }

    private void EnqueueLarge(FlushMember member)
    {
        if (member.Queue == FlushMember.Place.Large)
            return;
        member.Queue = FlushMember.Place.Large;
        _large.Enqueue(member);
    }

    // Null: now.
    private MonotonicTime? DueAt(FlushMember member)
    {
        FlushPolicy policy = member.Participant.FlushPolicy;
        if (member.NeedsOwnFlush || _unflushedBytes > options.UnflushedBytesMax)
            return null;
        return policy.Mode switch
        {
            FlushMode.Interval when member.DirtyBytes < policy.Bytes => member.DirtySince.Plus(policy.Interval),
            FlushMode.Os => member.DirtySince.Plus(options.UnflushedAgeMax),
            _ => null,
        };
    }

    private void EnqueueWaiting(bool all)
    {
        (_waiting, _spare) = (_spare, _waiting);
        MonotonicTime now = ports.Clock.Now;
        foreach (FlushMember member in _spare)
        {
            member.Waiting = false;
            if (member.InFlight || member.Queue != FlushMember.Place.None || member.DirtyBytes == 0
                || member.Failure is not null || member.Gone)
            {
                continue;
            }

            if (all || DueAt(member) is not { } due || due <= now)
            {
                Enqueue(member);
                continue;
            }

            member.Waiting = true;
            _waiting.Add(member);
            SetTick(due);
        }

        _spare.Clear();
    }

    private void SetTick(MonotonicTime due)
    {
        MonotonicTime soonest = ports.Clock.Now.Plus(GroupCommitLimits.TickMin);
        if (due < soonest)
            due = soonest;
        if (_stopped || (_tick is not null && _tickAt <= due))
            return;
        _tick?.Dispose();
        _tickAt = due;
        // A tick that was replaced while it was starting only looks once more.
        _tick = ports.Timers.Schedule(due.Since(ports.Clock.Now), new ActionWork(() => section.Run(new ActionWork(Tick))));
    }

    private void Tick()
    {
        if (_stopped)
            return;
        _tick?.Dispose();
        _tick = null;
        EnqueueWaiting(all: false);
    }
}

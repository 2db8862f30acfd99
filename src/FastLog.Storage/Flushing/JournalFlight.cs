using FastLog.Primitives;
using FastLog.Storage.Disk;
using FastLog.Storage.Recovery;

namespace FastLog.Storage.Flushing;

/// <summary>
/// A round of many members that the recovery log carries: one write and one flush for all. Reused. Once it is written
/// the next round may begin, with other members, while this one still tells its members.
/// </summary>
internal sealed class JournalFlight : IThreadPoolWorkItem
{
    private readonly GroupCommit _commit;
    private readonly RecoveryLog _recoveryLog;
    private readonly IClock _clock;
    private readonly CarriedRound _round = new();
    private readonly List<FlushRange> _ranges = [];
    private readonly List<Passenger> _passengers = [];
    private readonly ActionWork _written;
    private readonly ActionWork _landed;

    public JournalFlight(GroupCommit commit, RecoveryLog recoveryLog, IClock clock)
    {
        _commit = commit;
        _recoveryLog = recoveryLog;
        _clock = clock;
        _written = new ActionWork(() => commit.JournalWritten(this));
        _landed = new ActionWork(() => commit.JournalLanded(this));
    }

    public List<FlushMember> Members { get; } = [];

    /// <summary>Waits for what was noted before the round began.</summary>
    public List<TaskCompletionSource> Waiters { get; } = [];

    /// <summary>The recovery log failed: the data directory is fenced.</summary>
    public DiskException? Failure { get; private set; }

    /// <summary>False when the device had no room: the members were flushed by themselves, the notes are not durable.</summary>
    public bool Written { get; private set; }

    public bool CanCarry { get; private set; }

    public ulong Generation { get; private set; }

    public bool HasPending { get; private set; }

    public void Execute()
    {
        MonotonicTime start = _clock.Now;
        Failure = null;
        Written = false;
        foreach (FlushMember member in Members)
            Board(member);
        Commit(start);
        _commit.Section.Run(_written);
        foreach (Passenger passenger in _passengers)
        {
            FlushMember member = passenger.Member;
            member.Participant.FlushEnded(member.Point, member.FlightFailure);
        }

        _passengers.Clear();
        _round.Clear();
        _commit.Section.Run(_landed);
    }

    private void Board(FlushMember member)
    {
        _ranges.Clear();
        int first = _round.Items.Count;
        try
        {
            if (!member.Participant.BeginFlush(_ranges) || _ranges.Count == 0)
                return;
            if (_round.TryAdd(member.Participant.Id, _ranges))
            {
                foreach (FlushRange range in _ranges)
                {
                    if (!member.CarriedFiles.Contains(range.File))
                        member.CarriedFiles.Add(range.File);
                }

                _passengers.Add(new Passenger(member, _ranges[^1].End, Carried: true));
                return;
            }

            // More was written since the round was put together than an entry holds.
            MemberFlush.Run(member, _ranges, _recoveryLog, _commit.Metrics);
        }
        catch (DiskException failure)
        {
            Invariant.Check(_round.Items.Count == first);
            member.FlightFailure = failure;
        }

        _passengers.Add(new Passenger(member, member.Point, Carried: false));
    }

    private void Commit(MonotonicTime start)
    {
        try
        {
            Written = _recoveryLog.TryCommit(_round);
        }
        catch (DiskException failure)
        {
            Failure = failure;
        }

        Generation = _recoveryLog.Generation;
        CanCarry = Written && _recoveryLog.CanCarry;
        HasPending = _recoveryLog.HasPending;
        _ranges.Clear();
        foreach (Passenger passenger in _passengers)
        {
            if (passenger.Carried)
                Settle(passenger);
        }

        if (Written)
            _commit.Metrics.JournalEnded(_round.Bytes, _clock.Now.Since(start));
    }

    private void Settle(in Passenger passenger)
    {
        FlushMember member = passenger.Member;
        if (Failure is not null)
        {
            member.FlightFailure = Failure;
            return;
        }

        if (Written)
        {
            member.Point = passenger.End;
            if (member.CarriedGeneration == 0)
                member.CarriedGeneration = Generation;
            return;
        }

        FlushPoint before = member.Point;
        try
        {
            // The files of the ranges are among the carried ones already.
            member.Point = passenger.End;
            MemberFlush.Run(member, _ranges, _recoveryLog, _commit.Metrics);
        }
        catch (DiskException failure)
        {
            member.Point = before;
            member.FlightFailure = failure;
        }
    }

    private readonly record struct Passenger(FlushMember Member, FlushPoint End, bool Carried);
}

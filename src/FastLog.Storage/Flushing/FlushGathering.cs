using FastLog.Primitives;

namespace FastLog.Storage.Flushing;

/// <summary>
/// Whether the next round of small partitions waits for company. Appends that a round acknowledged tend to be followed by
/// the next ones of the same callers: while many of them are out in the whole data directory, a round that waits for most
/// of them saves flushes. A few callers never wait. Inside of group commit's section only.
/// </summary>
/// <remarks>
/// Callers at work are told by what was outstanding when a round landed: what it and others carried and what waited behind it.
/// Of the last landings the second largest counts: one burst is not taken for a crowd, and one late crowd is not forgotten.
/// What arrives ends the wait; the deadline is for callers that do not come back.
/// </remarks>
internal sealed class FlushGathering(RuntimePorts ports, SerialSection section)
{
    private readonly int[] _outstanding = new int[GroupCommitLimits.GatherLandings];
    private int _waiting;
    private int _flying;
    private uint _landings;
    private TimeSpan _waitMax;
    private MonotonicTime? _deadline;
    private bool _timerSet;

    public void Arrived(FlushMember member, int appends)
    {
        member.DirtyAppends += appends;
        _waiting += appends;
    }

    /// <summary>The member's waiting appends go with a flight.</summary>
    public void Departed(FlushMember member)
    {
        member.FlightAppends = member.DirtyAppends;
        member.Departed = ports.Clock.Now;
        _flying += member.FlightAppends;
        GivenUp(member);
        _deadline = null;
    }

    /// <summary>Nobody waits for the member's appends any more.</summary>
    public void GivenUp(FlushMember member)
    {
        _waiting -= member.DirtyAppends;
        member.DirtyAppends = 0;
    }

    /// <summary>A flight of one member ended.</summary>
    public void Landed(FlushMember member)
    {
        // Large ones tell nothing of the small: they neither wait nor are waited for.
        if (member.FlightBytes <= GroupCommitLimits.CarryMemberBytesMax && member.FlightAppends > 0)
            Remember(member.Departed);
        _flying -= member.FlightAppends;
    }

    /// <summary>A flight of many members ended.</summary>
    public void Landed(List<FlushMember> members)
    {
        int appends = 0;
        foreach (FlushMember member in members)
            appends += member.FlightAppends;
        if (appends > 0)
            Remember(members[0].Departed);
        _flying -= appends;
    }

    /// <summary>True while the round that could start should wait for more; looks again by itself when the time is up.</summary>
    public bool ShouldWait()
    {
        int callers = Callers();
        if (callers < GroupCommitLimits.GatherCallersMin || _waiting == 0 || _waiting >= callers - (callers / 4))
            return false;
        MonotonicTime now = ports.Clock.Now;
        _deadline ??= now.Plus(_waitMax);
        if (now >= _deadline)
            return false;
        SetTimer(_deadline.Value.Since(now));
        return true;
    }

    private void Remember(MonotonicTime departed)
    {
        _outstanding[_landings++ % GroupCommitLimits.GatherLandings] = _flying + _waiting;
        _waitMax = ports.Clock.Now.Since(departed) * GroupCommitLimits.GatherFlights;
        if (_waitMax > GroupCommitLimits.GatherMax)
            _waitMax = GroupCommitLimits.GatherMax;
    }

    private int Callers()
    {
        int most = 0;
        int second = 0;
        foreach (int outstanding in _outstanding)
        {
            if (outstanding > most)
                (most, second) = (outstanding, most);
            else if (outstanding > second)
                second = outstanding;
        }

        return second;
    }

    // One timer at a time, whatever wait it was set for: many waits end before theirs fires.
    private void SetTimer(TimeSpan delay)
    {
        if (_timerSet)
            return;
        _timerSet = true;
        ports.Timers.Schedule(delay, new ActionWork(() => section.Run(new ActionWork(() => _timerSet = false))));
    }
}

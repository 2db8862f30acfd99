using FastLog.Primitives;
using FastLog.Storage.Disk;
using FastLog.Storage.Flushing;
using FastLog.Storage.Maintenance;
using FastLog.Storage.Producers;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Appending;

/// <summary>
/// Keeps one partition log's active segment: opens it, seals it and begins the next. All members in the partition's section,
/// but for <see cref="Settled"/>.
/// </summary>
internal sealed class SegmentRoller
{
    private readonly PartitionState _state;
    private readonly RuntimePorts _ports;
    private readonly RetentionClock _clock;
    private readonly PartitionProducers _producers;
    private readonly PartitionCooling _cooling;
    private readonly RollPolicy _policy;
    private MonotonicTime _begun;
    private long _oftenUntil;

    public SegmentRoller(
        PartitionState state,
        ActiveSegment? active,
        PartitionProducers producers,
        PartitionCooling cooling,
        RuntimePorts ports,
        RetentionClock clock)
    {
        _state = state;
        _ports = ports;
        _clock = clock;
        _producers = producers;
        _cooling = cooling;
        _policy = new RollPolicy(state.Options);
        Active = active;
        _begun = ports.Clock.Now;
        if (active is not null)
            _policy.Begin(active.Created, clock.Now, _begun);
    }

    /// <summary>The segment that takes appends; null: the next append begins one.</summary>
    public ActiveSegment? Active { get; private set; }

    /// <summary>The partition's place in group commit. Before the first append.</summary>
    public FlushMember Member { get; set; } = null!;

    /// <summary>Ends when the files of sealed segments are settled, and what was to be flushed early is.</summary>
    public Task Settled { get; private set; } = Task.CompletedTask;

    /// <summary>The log fills its segments one soon after the other. From any thread.</summary>
    public bool RollsOften => _ports.Clock.Now.Nanoseconds < Volatile.Read(ref _oftenUntil);

    /// <summary>How many segments were begun: more than before when the last call rolled.</summary>
    public long Rolls { get; private set; }

    /// <summary>Counts from the next append on.</summary>
    public void Reconfigure(PartitionLogOptions options) => _policy.Reconfigure(options);

    /// <summary>All that is written is flushed soon, whatever the policy says.</summary>
    public void FlushSoon() => Settled = TrySettleAsync(Settled);

    /// <summary>True when an append does not go into the active segment any more.</summary>
    /// <param name="end">Where its data will end before the append (staged batches included).</param>
    /// <param name="work">The append.</param>
    /// <param name="now">Monotonic time.</param>
    public bool IsRollDue(SegmentEnd end, AppendWork work, MonotonicTime now) => _policy.IsDue(
        Active!, end, work.Batches.Length, end.NextOffset.Plus(work.OffsetCount - 1), now);

    /// <summary>Sees to an open active segment that the append fits into.</summary>
    /// <exception cref="DiskException">The device failed or is full. Of a seal that failed: the log must be fenced.</exception>
    public void Prepare(AppendWork work, Timestamp appendTime, MonotonicTime now)
    {
        if (Active is not null)
        {
            EnsureOpen(Active, now);
            if (!IsRollDue(Active.End, work, now))
                return;
        }

        Roll(appendTime, now);
    }

    /// <summary>
    /// Begins the next segment without an append, when the active one holds records and, unless it is that very
    /// <paramref name="segment"/>, is <paramref name="age"/> old.
    /// </summary>
    /// <exception cref="DiskException">As in <see cref="Prepare"/>.</exception>
    public void RollUnasked(Segment? segment, TimeSpan age)
    {
        if (Active is not { } active || active.End.NextOffset == active.BaseOffset)
            return;
        MonotonicTime now = _ports.Clock.Now;
        bool isDue = segment is null ? _policy.IsOlder(age, now) : ReferenceEquals(segment, active);
        if (!isDue)
            return;
        EnsureOpen(active, now);
        Roll(_clock.Now, now);

        // Flushed as an append would be: what is recorded lies in the new segment from then on.
        Member.MarkDirty(SegmentLayout.HeaderSize, callers: 0);
    }

    /// <summary>
    /// The log's suffix was cut: this segment takes the place of the one that begins where it does, and those above it go. All
    /// that was written is flushed.
    /// </summary>
    /// <returns>The segments that are not part of the log any more; their files are the caller's.</returns>
    public IReadOnlyList<Segment> CutTo(ActiveSegment last)
    {
        _state.Unflushed.Close();
        _cooling.Closed();
        Active?.CloseIndexes();
        Active = last;
        _begun = _ports.Clock.Now;
        _policy.Begin(last.Created, _clock.Now, _begun);
        return _state.Replace(_state.Segments.CutTo(last));
    }

    /// <summary>It may have been recovered, or have cooled.</summary>
    private void EnsureOpen(ActiveSegment active, MonotonicTime now)
    {
        if (active.IsOpen)
            return;
        active.EnsureOpen();
        _state.Unflushed.Begin(active.File.Acquire()!, active.End.Position, active.Point, isNew: false);
        _cooling.Opened(now);
    }

    private void Roll(Timestamp appendTime, MonotonicTime now)
    {
        _state.MakeEpochDurable();
        ActiveSegment? former = Active;
        ActiveSegment next = ActiveSegment.Create(
            _state.Context, _state.Bounds.LogEnd, appendTime, _state.Options.SegmentSizeMax);
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
                _state.SetFault(new StorageFault(
                    StorageFaultKind.WriteFailed,
                    failure.Path,
                    _state.Bounds.LogEnd,
                    $"a seal was not written: {failure.Message}",
                    failure));
                throw;
            }
        }

        _state.Unflushed.Begin(next.File.Acquire()!, FilePosition.Zero, next.Point, isNew: true);
        Active = next;
        _state.Segments = _state.Segments.Rolled(@sealed, next);
        _state.AddBytes(SegmentLayout.HeaderSize);
        _policy.Begin(next.Created, appendTime, now);
        Rolls++;
        StorageMetrics.Rolled();
        if (@sealed is null)
        {
            _cooling.Opened(now);
            _begun = now;
            return;
        }

        NoteFilled(@sealed, now);
        _producers.TakeSnapshot();
        Settled = UnpinWhenSettledAsync(Settled, @sealed.File);
    }

    /// <summary>Half full counts: a segment may be sealed for a large batch that does not fit.</summary>
    private void NoteFilled(SealedSegment segment, MonotonicTime now)
    {
        bool isFull = segment.End.Position.Value >= _state.Options.SegmentSizeMax / 2;
        bool isQuick = now.Since(_begun) < StorageLimits.RollsOftenMax;
        if (isFull && isQuick)
            Volatile.Write(ref _oftenUntil, now.Plus(StorageLimits.RollsOftenMax).Nanoseconds);
        _begun = now;
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
            await Member.SettleAsync();
            return true;
        }
        catch (DiskException)
        {
            return false;
        }
    }
}

using FastLog.Primitives;
using FastLog.Storage.Disk;

namespace FastLog.Storage.Flushing;

/// <summary>One partition log's place in <see cref="GroupCommit"/>. Public members from any thread; none blocks.</summary>
public sealed class FlushMember : IThreadPoolWorkItem
{
    private readonly GroupCommit _commit;
    private long _arrived;
    private int _arrivedAppends;
    private int _posted;

    internal FlushMember(GroupCommit commit, IFlushParticipant participant, FlushPoint point)
    {
        _commit = commit;
        Participant = participant;
        Point = point;
    }

    internal enum Place
    {
        None,
        Small,
        Large,
    }

    internal IFlushParticipant Participant { get; }

    // Of the flight while InFlight, else of the section.
    internal FlushPoint Point { get; set; }

    internal List<IDiskFile> CarriedFiles { get; } = [];

    internal ulong CarriedGeneration { get; set; }

    internal DiskException? FlightFailure { get; set; }

    // Of the section.
    internal bool InFlight { get; set; }

    internal Place Queue { get; set; }

    internal bool InBackground { get; set; }

    internal bool Waiting { get; set; }

    internal bool NeedsOwnFlush { get; set; }

    internal bool Gone { get; set; }

    internal long DirtyBytes { get; set; }

    internal long FlightBytes { get; set; }

    internal int DirtyAppends { get; set; }

    internal int FlightAppends { get; set; }

    internal MonotonicTime Departed { get; set; }

    internal MonotonicTime DirtySince { get; set; }

    internal DiskException? Failure { get; set; }

    internal List<TaskCompletionSource> NextFlush { get; } = [];

    internal List<TaskCompletionSource> ThisFlush { get; } = [];

    internal Action? WhenLanded { get; set; }

    internal bool HasArrivals => Volatile.Read(ref _arrived) > 0;

    /// <summary>Bytes were written: they are flushed as the participant's policy says. Allocates nothing.</summary>
    /// <param name="bytes">How many.</param>
    /// <param name="callers">How many callers wait for the flush that covers them.</param>
    public void MarkDirty(long bytes, int callers)
    {
        Interlocked.Add(ref _arrivedAppends, callers);
        Interlocked.Add(ref _arrived, bytes);
        if (Interlocked.Exchange(ref _posted, 1) == 0)
            _commit.Section.Run(this);
    }

    /// <summary>
    /// Ends when all that was written before the call is durable in the partition's own files; no file of an earlier range
    /// is used afterwards. Call it before a sealed segment's file is closed, deleted or recycled.
    /// </summary>
    /// <exception cref="DiskException">A flush failed, now or earlier.</exception>
    public Task SettleAsync() => _commit.SettleAsync(this);

    /// <summary>Ends when the recovery log holds, durably, the points of what was flushed before the call.</summary>
    /// <exception cref="DiskException">The recovery log's device failed or has no room.</exception>
    public Task NotesAsync() => _commit.NotesAsync();

    /// <summary>
    /// Settles, and ends when the recovery log says so durably: no start writes again what was written before the call.
    /// </summary>
    /// <exception cref="DiskException">A flush failed, now or earlier, or the recovery log's device has no room.</exception>
    public Task RecordAsync() => _commit.RecordAsync(this);

    /// <summary>
    /// Lowers the recorded point, durably: before the log cuts its suffix (call <see cref="SettleAsync"/> first, with no
    /// writes until this has ended).
    /// </summary>
    /// <exception cref="DiskException">The device failed or has no room.</exception>
    public Task ResetPointAsync(FlushPoint point) => _commit.ResetPointAsync(this, point);

    /// <summary>Settles, then leaves. The files may be closed when it has ended, with or without a failure.</summary>
    /// <exception cref="DiskException">A flush failed, now or earlier.</exception>
    public Task DetachAsync() => _commit.DetachAsync(this);

    /// <summary>
    /// The partition is being deleted: leaves without a flush, and its recorded points are forgotten durably. The files may
    /// be closed and deleted when it has ended.
    /// </summary>
    /// <exception cref="DiskException">The device failed or has no room.</exception>
    public Task RemoveAsync() => _commit.RemoveAsync(this);

    /// <summary>In the section: takes in what was marked. Not for callers.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        // First the flag, then the bytes: what comes between is counted now and posted once more for nothing.
        Volatile.Write(ref _posted, 0);
        Interlocked.MemoryBarrier();
        _commit.Arrived(this, Interlocked.Exchange(ref _arrived, 0), Interlocked.Exchange(ref _arrivedAppends, 0));
    }
}

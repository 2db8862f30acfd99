using FastLog.Primitives;
using FastLog.Storage.Disk;
using FastLog.Storage.Recovery;

namespace FastLog.Storage.Flushing;

/// <summary>
/// Makes the written bytes of all partitions of one data directory durable, many at once, while writes go on. All
/// members from any thread.
/// </summary>
public sealed class GroupCommit : IAsyncDisposable
{
    public GroupCommit(RecoveryLog recoveryLog, FlushOptions options, RuntimePorts ports) =>
        throw new NotSupportedException();

    /// <summary>The first failure of the recovery log: from then on nothing is made durable. Null while it works.</summary>
    public DiskException? Failure => throw new NotSupportedException();

    /// <summary>Takes a recovered log in; <paramref name="point"/> is durable in its files. A log attaches once.</summary>
    public FlushMember Attach(IFlushParticipant participant, FlushPoint point) => throw new NotSupportedException();

    /// <summary>Ends when all that was written before the call is durable in the partitions' own files.</summary>
    public Task FlushAllAsync() => throw new NotSupportedException();

    /// <summary>Flushes all, closes the recovery log. Members must not be used afterwards.</summary>
    public ValueTask DisposeAsync() => throw new NotSupportedException();
}

/// <summary>One partition log's place in <see cref="GroupCommit"/>. All members from any thread; none blocks.</summary>
public sealed class FlushMember
{
    /// <summary>Bytes were written: they are flushed as the participant's policy says. Allocates nothing.</summary>
    public void MarkDirty(long bytes) => throw new NotSupportedException();

    /// <summary>
    /// Ends when all that was written before the call is durable in the partition's own files; no file of an earlier range
    /// is used afterwards. Call it before a sealed segment's file is closed, deleted or recycled.
    /// </summary>
    /// <exception cref="DiskException">A flush failed, now or earlier.</exception>
    public Task SettleAsync() => throw new NotSupportedException();

    /// <summary>
    /// Lowers the recorded point, durably: before the log cuts its suffix (call <see cref="SettleAsync"/> first, with no
    /// writes until this has ended).
    /// </summary>
    public Task ResetPointAsync(FlushPoint point) => throw new NotSupportedException();

    /// <summary>Settles, then leaves. The files may be closed when it has ended.</summary>
    public Task DetachAsync() => throw new NotSupportedException();

    /// <summary>
    /// The partition is being deleted: leaves without a flush, and its recorded points are forgotten durably. The files may
    /// be closed and deleted when it has ended.
    /// </summary>
    public Task RemoveAsync() => throw new NotSupportedException();
}

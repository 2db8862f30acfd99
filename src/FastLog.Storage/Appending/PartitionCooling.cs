using FastLog.Primitives;
using FastLog.Storage.Disk;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Appending;

/// <summary>
/// Closes the active segment's files of a log that rests. The next append opens them again, as after a start. Its state is
/// the section's; public members from any thread.
/// </summary>
internal sealed class PartitionCooling(PartitionState state, PartitionWriter writer, WarmLogs warm) : IWarmLog
{
    private long _lastWrite;

    public MonotonicTime LastWrite => new(Volatile.Read(ref _lastWrite));

    /// <summary>False when its files are closed and those of too many others are open. In the section.</summary>
    public bool MayOpen() => writer.Active is { IsOpen: true } || warm.HasRoom();

    /// <summary>The active segment was opened for appends. In the section.</summary>
    public void Opened(MonotonicTime now)
    {
        Written(now);
        warm.Opened(this);
    }

    public void Written(MonotonicTime now) => Volatile.Write(ref _lastWrite, now.Nanoseconds);

    /// <summary>The log is being closed. In the section.</summary>
    public void Closed() => warm.Closed(this);

    public async Task<CoolingEnd> CoolAsync()
    {
        LogOffset end = LogOffset.None;
        await writer.Section.RunAsync(() => end = state.Bounds.LogEnd);
        try
        {
            await writer.Member.SettleAsync();
        }
        catch (DiskException)
        {
            // The flush that failed fences the log by itself.
            return CoolingEnd.Gone;
        }

        CoolingEnd result = CoolingEnd.InUse;
        await writer.Section.RunAsync(() => result = Close(end));
        return result;
    }

    /// <summary>
    /// Nothing was written since before the settling: no flush is under way and group commit has no file of the log.
    /// </summary>
    private CoolingEnd Close(LogOffset end)
    {
        if (writer.IsClosing || state.Fault is not null)
            return CoolingEnd.Gone;
        if (state.Bounds.LogEnd != end || writer.HasStaged)
            return CoolingEnd.InUse;
        ActiveSegment? active = writer.Active;
        if (active is null || !active.IsOpen)
            return CoolingEnd.Gone;

        // Begun for an append whose write failed: nothing asked for a flush of its header and its name.
        if (state.Unflushed.HasNew)
            return CoolingEnd.InUse;
        state.Unflushed.Close();
        active.Cool();
        warm.Closed(this);
        return CoolingEnd.Cold;
    }
}

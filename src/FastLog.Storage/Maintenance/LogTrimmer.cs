using FastLog.Primitives;
using FastLog.Storage.Appending;
using FastLog.Storage.Disk;
using FastLog.Storage.Flushing;
using FastLog.Storage.Producers;
using FastLog.Storage.Recovery;
using FastLog.Storage.Segments;
using FastLog.Storage.Space;

namespace FastLog.Storage.Maintenance;

/// <summary>
/// Moves one log's start up and removes what lies below it, in an order that a crash at any point leaves right: what is kept
/// is durable and recorded and its producers are in a snapshot, then the new start is durable in its file, and only then are files
/// deleted. From any thread.
/// </summary>
internal sealed class LogTrimmer(
    PartitionState state,
    PartitionWriter writer,
    FlushMember member,
    PartitionProducers producers,
    IExecutor executor,
    SpaceReserve space,
    bool recycles)
{
    private readonly AsyncGate _gate = new();

    /// <summary>Held by whoever moves the log's start, or its end back.</summary>
    public AsyncGate Gate => _gate;

    /// <summary>Moves the start and deletes. Inside of the log's gate, as a pass that changes segments.</summary>
    /// <param name="start">The new start; at or below the present one: only files that were left are deleted.</param>
    /// <param name="sealFirst">The active segment, to be sealed so that it can go; null when it stays.</param>
    /// <exception cref="DiskException">The device failed.</exception>
    public Task RunAsync(LogOffset start, Segment? sealFirst)
    {
        bool isDone = start <= state.Bounds.LogStart && CountBelow(state.Segments, state.Bounds.LogStart) == 0;
        return isDone ? Task.CompletedTask : RunDueAsync(start, sealFirst);
    }

    /// <summary>Moves the start, durably. Nothing below it is read afterwards; its files may still be there.</summary>
    /// <param name="start">Not above the readable end.</param>
    /// <param name="sealFirst">As above.</param>
    /// <exception cref="DiskException">The device failed; the start has not moved.</exception>
    /// <exception cref="StorageException">
    /// The offset lies above the readable end; or the log is fenced, and what lies below the start is not known to be durable.
    /// The start has not moved.
    /// </exception>
    public async Task MoveStartAsync(LogOffset start, Segment? sealFirst)
    {
        await _gate.EnterAsync();
        try
        {
            if (start <= state.Bounds.LogStart)
                return;
            LogOffset end = state.Bounds.ReadableEnd;
            if (start > end)
                throw new StorageException(
                    StorageErrorKind.InvalidArgument, state.Directory, $"offset {start} lies above the readable end {end}");
            if (sealFirst is not null)
                await writer.Section.RunAsync(() => writer.SealActive(sealFirst));
            // Behind the flushed end, what is kept is durable already, and only that has to be recorded.
            if (start >= state.Bounds.FlushedEnd)
                await FlushAsync();
            if (start > state.Bounds.FlushedEnd)
                throw Unflushed();
            await RecordAsync();
            Task covered = Task.CompletedTask;
            await writer.Section.RunAsync(() => covered = producers.CoverAsync(start));
            await covered;
            await OnDeviceAsync(() => WriteStart(start));
            await writer.Section.RunAsync(() => state.Bounds.MoveLogStart(start));
        }
        finally
        {
            _gate.Leave();
        }
    }

    /// <summary>Takes the segments wholly below the start out of the log and deletes their files. As a pass that changes segments.</summary>
    /// <exception cref="DiskException">The device failed: what is left is deleted by the next start.</exception>
    public async Task RemoveBelowStartAsync()
    {
        if (CountBelow(state.Segments, state.Bounds.LogStart) == 0)
            return;

        // Group commit may still use the files of segments that were sealed a moment ago: those are pinned.
        if (IsAnyPinned())
            await member.SettleAsync();
        IReadOnlyList<Segment> gone = [];
        await writer.Section.RunAsync(() =>
        {
            SegmentSet segments = state.Segments;
            gone = state.Replace(segments.Without(CountBelow(segments, state.Bounds.LogStart)));
        });
        long bytes = gone.Sum(static segment => segment.End.Position.Value);
        await OnDeviceAsync(() =>
        {
            bool keepsOne = KeepsSpare;
            for (int i = gone.Count - 1; i >= 0; i--)
            {
                if (keepsOne && state.Context.Spare.TryRecycle(gone[i], SpareSizeMax))
                    StorageMetrics.Recycled();
                gone[i].DeleteFiles();
            }

            state.Context.Disk.FlushDirectory(state.Directory);
        });
        StorageMetrics.Deleted(gone.Count, bytes);
    }

    /// <summary>
    /// Has a file ready for the next segment of a log that fills segments one soon after the other; of another one it takes
    /// the ready one away again. As a pass that changes segments.
    /// </summary>
    /// <exception cref="DiskException">The device failed or is full.</exception>
    public Task TendSpareAsync()
    {
        SpareSegment spare = state.Context.Spare;
        bool isWanted = KeepsSpare;
        if (isWanted == spare.IsReady)
            return Task.CompletedTask;
        return isWanted
            ? OnDeviceAsync(() => spare.Prepare(Math.Min(state.Options.SegmentSizeMax, StorageLimits.AllocateAheadMax)))
            : OnDeviceAsync(spare.Drop);
    }

    /// <summary>All that was written before the call is durable and below the flushed end.</summary>
    /// <exception cref="DiskException">A flush failed, now or earlier.</exception>
    public async Task FlushAsync()
    {
        FlushPoint? point = null;
        await writer.Section.RunAsync(() => point = writer.Active?.Point);
        await member.SettleAsync();

        // The flush's own notice may still be on its way.
        if (point is { } flushed)
            await writer.Section.RunAsync(() => writer.FlushEnded(flushed, null));
    }

    /// <summary>
    /// Runs what changes the names of segment files on the device. A flush that fails here may be the one that told of lost
    /// bytes or names of the log itself, and the kernel tells each loss once: the log must not take its own next flush for a
    /// good one.
    /// </summary>
    /// <exception cref="DiskException">The device failed: the log is fenced, but for a full device.</exception>
    public Task OnDeviceAsync(Action work) => executor.RunAsync(() =>
    {
        try
        {
            work();
        }
        catch (DiskException failure) when (!failure.IsDiskFull)
        {
            string message = $"the device failed under a change of segment files: {failure.Message}";
            var fault = new StorageFault(
                StorageFaultKind.FlushFailed, failure.Path, state.Bounds.LogEnd, message, failure);
            state.SetFault(fault);
            writer.Section.Run(new ActionWork(() => writer.Fence(fault.Kind, fault.File, message, failure)));
            throw;
        }
    });

    // Where space runs out, a file that waits for its use is space that is missing.
    private bool KeepsSpare => recycles && writer.RollsOften && !space.IsReached;

    // A file is as long as its segment was, or its blocks were reserved ahead.
    private long SpareSizeMax => state.Options.SegmentSizeMax;

    private bool IsAnyPinned()
    {
        SegmentSet segments = state.Segments;
        int below = CountBelow(segments, state.Bounds.LogStart);
        for (int i = 0; i < below; i++)
        {
            if (segments[i].File.Pinned is not null)
                return true;
        }

        return false;
    }

    /// <summary>How many of the first segments have no offset at or above the start. The last one stays in any case.</summary>
    private static int CountBelow(SegmentSet segments, LogOffset start)
    {
        int count = 0;
        while (count + 1 < segments.Count && segments[count + 1].BaseOffset <= start)
            count++;
        return count;
    }

    private async Task RunDueAsync(LogOffset start, Segment? sealFirst)
    {
        await MoveStartAsync(start, sealFirst);
        await RemoveBelowStartAsync();
    }

    /// <summary>A fenced log takes no flush for a good one, so its flushed end moves no more.</summary>
    private StorageException Unflushed()
    {
        StorageFault? fault = state.Fault;
        return new StorageException(
            StorageErrorKind.Fenced,
            state.Directory,
            $"records up to there cannot be made durable first: {fault?.Message ?? "the log is being closed"}",
            fault?.Cause);
    }

    /// <summary>A recorded point in a segment that is deleted would make the next start look for it.</summary>
    private async Task RecordAsync()
    {
        try
        {
            await member.NotesAsync();
        }
        catch (DiskException failure) when (failure.IsDiskFull)
        {
            // Deleting is how room is made. A start that finds an older point takes the log start's segment instead.
        }
    }

    private void WriteStart(LogOffset start)
    {
        try
        {
            LogStartFile.Write(state.Context.Disk, state.Directory, start);
        }
        catch (DiskException failure) when (failure.IsDiskFull)
        {
            // The small file needs a block: the indexes of what is to go are caches, and give some.
            SegmentSet segments = state.Segments;
            int below = CountBelow(segments, start);
            if (below == 0)
                throw;
            for (int i = 0; i < below; i++)
                segments[i].DropIndexFiles();
            LogStartFile.Write(state.Context.Disk, state.Directory, start);
        }
    }
}

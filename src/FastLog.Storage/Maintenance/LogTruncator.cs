using FastLog.Primitives;
using FastLog.Records;
using FastLog.Storage.Appending;
using FastLog.Storage.Compaction;
using FastLog.Storage.Disk;
using FastLog.Storage.Flushing;
using FastLog.Storage.Indexes;
using FastLog.Storage.Producers;
using FastLog.Storage.Recovery;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Maintenance;

/// <summary>
/// Drops a log's suffix, in an order that a crash at any point leaves right: all is flushed, the recorded point is lowered
/// durably, and only then are files deleted and cut. Before that, a start would report the missing bytes as lost; after it, it
/// takes what is left for a tail. Inside of the log's gate, as a pass that changes segments.
/// </summary>
internal sealed class LogTruncator(
    PartitionState state,
    PartitionWriter writer,
    FlushMember member,
    PartitionProducers producers,
    LogTrimmer trimmer,
    IExecutor executor)
{
    /// <returns>The log end now.</returns>
    /// <exception cref="StorageException">It cannot be done; nothing was dropped.</exception>
    /// <exception cref="DiskException">The device failed.</exception>
    public async Task<LogOffset> RunAsync(LogOffset end)
    {
        await trimmer.Gate.EnterAsync();
        try
        {
            await writer.Section.RunAsync(writer.Hold);
            try
            {
                return end < state.Bounds.LogEnd ? await DropAsync(end) : state.Bounds.LogEnd;
            }
            finally
            {
                await writer.Section.RunAsync(writer.GoOn);
            }
        }
        finally
        {
            trimmer.Gate.Leave();
        }
    }

    private async Task<LogOffset> DropAsync(LogOffset end)
    {
        if (state.Fault is { } fault)
            throw new StorageException(StorageErrorKind.Fenced, state.Directory, fault.Message, fault.Cause);
        await trimmer.FlushAsync();
        await producers.SettledAsync();
        (Segment from, ActiveState kept) = await executor.RunAsync(() => Find(end));
        if (kept.End.NextOffset < state.Bounds.LogStart)
            throw new StorageException(
                StorageErrorKind.InvalidArgument,
                state.Directory,
                $"the batch of offset {end} begins at {kept.End.NextOffset}, below the log start {state.Bounds.LogStart}");
        await executor.RunAsync(() => LowerCleanPoint(kept.End.NextOffset));
        await member.ResetPointAsync(
            new FlushPoint(from.BaseOffset, kept.End.Position, kept.End.NextOffset, kept.ChainCrc));
        var last = ActiveSegment.Recovered(state.Context, from.BaseOffset, from.Created, kept);

        // Until the files hold none of what goes: a look-up must not be led there.
        last.UseIndexImage(new IndexImage(0));
        SegmentEnd formerEnd = from.End;
        IReadOnlyList<Segment> gone = [];
        await writer.Section.RunAsync(() => gone = writer.CutTo(last));
        try
        {
            await executor.RunAsync(() => Drop(gone, formerEnd, last));
        }
        catch (DiskException failure)
        {
            await writer.Section.RunAsync(() => writer.Fence(
                StorageFaultKind.WriteFailed, failure.Path, $"the log's suffix was not dropped: {failure.Message}", failure));
            throw;
        }

        return kept.End.NextOffset;
    }

    /// <summary>
    /// The segment that holds the offset, and where its batches below the offset end. Walked from its beginning, as nothing that
    /// an index says may come into the recovery log.
    /// </summary>
    private (Segment Segment, ActiveState Kept) Find(LogOffset end)
    {
        SegmentSet segments = state.Segments;
        int index = segments.IndexOf(end);
        if (end < state.Bounds.LogStart || index < 0)
            throw new StorageException(
                StorageErrorKind.InvalidArgument, state.Directory, $"offset {end} lies below the log start {state.Bounds.LogStart}");
        Segment segment = segments[index];
        SegmentHandle file = segment.File.Acquire()
            ?? throw new StorageException(StorageErrorKind.Closed, state.Directory, "the log is closed");
        try
        {
            using var walk = new HeaderWalk(
                file, SegmentLayout.DataStart, segment.BaseOffset, segment.End.Position, StorageLimits.WalkWindow);
            uint chain = ChainCrc.Start;
            Timestamp maxTimestamp = Timestamp.None;
            LeaderEpoch epoch = LeaderEpoch.None;
            WalkStatus status;
            while ((status = walk.TryPeek(out BatchHeader header)) == WalkStatus.Ok && header.NextOffset <= end)
            {
                walk.TryNext(out _, out _);
                chain = ChainCrc.Append(chain, walk.ChainBytes);
                maxTimestamp = header.MaxTimestamp > maxTimestamp ? header.MaxTimestamp : maxTimestamp;
                epoch = header.LeaderEpoch;
            }

            if (status == WalkStatus.Bad)
                throw new StorageException(
                    StorageErrorKind.Damaged, segment.File.Path, $"'{segment.File.Path}' at {walk.Position}: {walk.Reason}");

            // When the last of what is kept was appended is not known without the index; too late keeps it longer.
            return (segment, new ActiveState(
                new SegmentEnd(walk.Position, walk.NextOffset), chain, maxTimestamp, segment.LastAppend, epoch));
        }
        finally
        {
            file.Release();
        }
    }

    /// <summary>Records that come at the same offsets were not compacted. Before anything is dropped: lower is never wrong.</summary>
    private void LowerCleanPoint(LogOffset end)
    {
        CompactionState compaction = state.Log.Compaction;
        CleanPoint point = compaction.Point ?? CleanPoint.Read(state.Context.Disk, state.Directory);
        if (point.FirstDirty <= end)
            return;
        compaction.Point = CleanPoint.Start;
        CleanPoint.Start.Write(state.Context.Disk, state.Directory);
    }

    private void Drop(IReadOnlyList<Segment> gone, SegmentEnd formerEnd, ActiveSegment last)
    {
        // From the end: what a crash leaves is a log with an end, and nothing behind it that could be taken for its successor.
        for (int i = gone.Count - 1; i > 0; i--)
            gone[i].DeleteFiles();
        gone[0].AwaitIndexes();
        using (IDiskFile file = state.Context.Disk.Open(last.File.Path, DiskOpenMode.ReadWrite))
        {
            byte[] header = new byte[SegmentLayout.HeaderSize];
            int count = file.Read(FilePosition.Zero, header);
            SegmentHeader.TryRead(header.AsSpan(0, count), out SegmentHeader told);
            SegmentTail.Cut(file, last.End.Position, formerEnd.Position, told.StaleEnd);
            SealWriter.Clear(file);
            state.Context.Disk.FlushDirectory(state.Directory);
            using var leased = new LeasedFile(file, owned: false);

            // Into new files: a reader that is inside of the former ones cuts those when it leaves.
            last.RebuildIndexes(leased);
        }

        state.CutEpochs();
        producers.Rewind();
    }
}

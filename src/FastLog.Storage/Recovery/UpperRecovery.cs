using FastLog.Primitives;
using FastLog.Storage.Disk;
using FastLog.Storage.Flushing;
using FastLog.Storage.Indexes;
using FastLog.Storage.Reading;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Recovery;

/// <summary>
/// Takes the recovery point's segment and what lies behind it in: checks each batch above the point, ends the log before the
/// first that is not valid, saves and removes what follows, and flushes what it keeps.
/// </summary>
internal sealed class UpperRecovery(
    SegmentContext context,
    List<LogDefect> defects,
    StorageDiagnostics diagnostics,
    FlushPoint flushed,
    FlushPoint point,
    LeaderEpoch epochMin,
    LeaderEpoch epochMax)
{
    private readonly CutBytes _cutBytes = new(
        context.Disk, context.Directory, context.Id, StorageLimits.CutBytesMax);
    private LeaderEpoch _lastEpoch = epochMin;
    private string _stopReason = "";

    // Of the segment that was scanned last.
    private FilePosition _dataEnd;

    public List<Segment> Segments { get; } = [];

    public long ScannedBytes { get; private set; }

    /// <param name="at">The recovery point's segment, if its file is there.</param>
    /// <param name="above">Those with higher base offsets, in order.</param>
    /// <param name="lowerEnd">Where the segments before it end.</param>
    /// <param name="isClean">True: nothing was written behind the point, so nothing is read.</param>
    public RecoveryTail Run(FoundSegment? at, List<FoundSegment> above, LogOffset lowerEnd, bool isClean)
    {
        foreach (FoundSegment segment in above)
            RefuseUnknown(segment, isClean);
        if (at is not null)
            RefuseUnknown(at, isClean);
        bool isUsable = at is not null && at.Status == FoundStatus.Ok && at.Length >= point.Position.Value;
        FoundSegment? current = isUsable ? at : null;
        FlushPoint reached = isUsable ? CheckBelowPoint(at!) : SetPointSegmentAside(at, lowerEnd);
        int next = 0;
        while (true)
        {
            if (current is not null && !isClean)
                reached = ScanAndWriteAgain(current, reached);
            FoundSegment? following = next < above.Count ? above[next] : null;
            if (isClean || following is null || following.Status != FoundStatus.Ok)
                break;
            if (following.BaseOffset != reached.NextOffset)
                break;
            if (current is not null)
                KeepSealed(current, reached);
            current = following;
            reached = SegmentLayout.StartPoint(current.BaseOffset);
            next++;
        }

        if (!isClean)
            RemoveAll(above.GetRange(next, above.Count - next));
        return current is null
            ? new RecoveryTail(null, reached.NextOffset, reached, _lastEpoch)
            : KeepActive(current, reached, isClean);
    }

    /// <summary>
    /// A good file of another partition is neither served nor cut: someone has to move it away. Nor is a file that cannot be
    /// read now and may hold what was written after the recovery point.
    /// </summary>
    private static void RefuseUnknown(FoundSegment segment, bool isClean)
    {
        if (segment.Status == FoundStatus.Unreadable && !isClean)
            throw new StorageException(
                StorageErrorKind.Device,
                segment.Path,
                $"the device cannot read the header of '{segment.Path}', which may hold the log's last records: open it again later");
        if (segment.Status == FoundStatus.Foreign)
            throw new StorageException(
                StorageErrorKind.ForeignIdentity,
                segment.Path,
                $"'{segment.Path}' belongs to partition {segment.Header.Id} at base offset {segment.Header.BaseOffset}: "
                    + "move it back to its place");
    }

    /// <summary>
    /// The file that held the recovery point is not usable: what was durable in it is reported as lost, and the log goes on
    /// at the recorded end, in another segment.
    /// </summary>
    private FlushPoint SetPointSegmentAside(FoundSegment? at, LogOffset lowerEnd)
    {
        FlushPoint end = SegmentLayout.StartPoint(point.NextOffset);
        if (point.NextOffset == point.SegmentBase)
        {
            // Nothing was durable in it: a segment that was just begun.
            if (at is not null)
                RemoveAll([at]);
            return end;
        }

        LogOffset lost = point.SegmentBase;
        LogDefectKind kind = LogDefectKind.SegmentMissing;
        if (at is not null && at.Status == FoundStatus.Ok)
        {
            kind = LogDefectKind.SegmentTooShort;
            lost = KeepShort(at);
        }
        else if (at is not null)
        {
            kind = at.Status == FoundStatus.Unreadable ? LogDefectKind.Unreadable : LogDefectKind.SegmentHeaderDamaged;
        }

        if (lost < point.NextOffset)
            defects.Add(new LogDefect(
                kind,
                SegmentName.Data(context.Directory, point.SegmentBase),
                FilePosition.Zero,
                at?.Length ?? 0,
                lost,
                point.NextOffset.Plus(-1),
                $"offsets up to {point.NextOffset} were durable in it, the segments before it end at {lowerEnd}"));
        return end;
    }

    private void RemoveAll(List<FoundSegment> segments)
    {
        if (segments.Count == 0)
            return;
        for (int i = segments.Count - 1; i >= 0; i--)
            Remove(segments[i]);
        context.Disk.FlushDirectory(context.Directory);
    }

    /// <summary>Serves what a file that lost its end still holds.</summary>
    private LogOffset KeepShort(FoundSegment at)
    {
        using IDiskFile file = context.Disk.Open(at.Path, DiskOpenMode.Read);
        var start = SegmentLayout.StartPoint(at.BaseOffset);
        using var scan = new TailScan(file, start, new FilePosition(at.Length), LeaderEpoch.None, epochMax);
        while (scan.TryNext())
        {
        }

        ScannedBytes += at.Length;
        var end = new SegmentEnd(scan.Position, scan.NextOffset);
        if (end.NextOffset > at.BaseOffset)
            Segments.Add(AsSealed(at, file, end, scan.Chain, write: false));
        return end.NextOffset;
    }

    /// <summary>Carried bytes between the flushed end and the recovery point are checked; nothing else below is read.</summary>
    private FlushPoint CheckBelowPoint(FoundSegment at)
    {
        if (flushed.Covers(point))
            return point;
        using IDiskFile file = context.Disk.Open(at.Path, DiskOpenMode.Read);
        var start = SegmentLayout.StartPoint(at.BaseOffset);
        if (flushed.SegmentBase == at.BaseOffset && flushed.Position >= SegmentLayout.DataStart)
            start = flushed;
        var view = new TolerantFile(file);
        var check = new RangeCheck(view, start, new SegmentEnd(point.Position, point.NextOffset), epochMax);
        defects.AddRange(check.Run().Select(defect => UnreadableBytes.Named(defect, view)));
        ScannedBytes += point.Position.Since(start.Position);
        if (check.LastEpoch > _lastEpoch)
            _lastEpoch = check.LastEpoch;
        if (check.Chain is { } chain && chain != point.ChainCrc)
            defects.Add(new LogDefect(
                LogDefectKind.ChainMismatch,
                at.Path,
                start.Position,
                point.Position.Since(start.Position),
                start.NextOffset,
                point.NextOffset.Plus(-1),
                $"the chain CRC of the batch headers is {chain:x8}, recorded is {point.ChainCrc:x8}"));
        return point;
    }

    private FlushPoint Scan(FoundSegment segment, FlushPoint from)
    {
        using IDiskFile file = context.Disk.Open(segment.Path, DiskOpenMode.Read);
        _dataEnd = file.DataEnd(from.Position);
        using var scan = new TailScan(file, from, new FilePosition(file.Length), _lastEpoch, epochMax);
        while (scan.TryNext())
        {
        }

        ScannedBytes += scan.Position.Since(from.Position);
        _lastEpoch = scan.LastEpoch;
        _stopReason = scan.Reason;
        return new FlushPoint(segment.BaseOffset, scan.Position, scan.NextOffset, scan.Chain);
    }

    /// <summary>
    /// Writes what is kept once more before it is flushed. After a flush that failed, the kernel shows bytes in its cache that
    /// it takes for written: a life that only flushed them would build on bytes that no flush brings to the device.
    /// </summary>
    private FlushPoint ScanAndWriteAgain(FoundSegment segment, FlushPoint from)
    {
        FlushPoint reached = Scan(segment, from);
        FilePosition start = from.Position == SegmentLayout.DataStart ? FilePosition.Zero : from.Position;
        if (reached.Position <= start)
            return reached;
        using IDiskFile file = context.Disk.Open(segment.Path, DiskOpenMode.ReadWrite);
        byte[] window = new byte[Math.Min(StorageLimits.WalkWindow, reached.Position.Since(start))];
        for (FilePosition at = start; at < reached.Position;)
        {
            int count = file.Read(at, window.AsSpan(0, (int)Math.Min(window.Length, reached.Position.Since(at))));
            if (count == 0)
                break;
            file.Write(at, window.AsSpan(0, count));
            at = at.Plus(count);
        }

        return reached;
    }

    private void KeepSealed(FoundSegment found, FlushPoint end)
    {
        using IDiskFile file = context.Disk.Open(found.Path, DiskOpenMode.ReadWrite);
        Segments.Add(AsSealed(found, file, new SegmentEnd(end.Position, end.NextOffset), end.ChainCrc, write: true));
    }

    private SealedSegment AsSealed(FoundSegment found, IDiskFile file, SegmentEnd end, uint chain, bool write)
    {
        using var leased = new LeasedFile(file, owned: false);
        IndexCheck check = context.Rebuilder.Check(found.BaseOffset, leased, context.AppendedBy, end, chain);
        var seal = new SegmentSeal(
            found.BaseOffset,
            end.Position,
            end.NextOffset,
            check.MaxTimestamp,
            check.LastAppend,
            chain,
            check.LastEpoch,
            check.Written ? check.Image.Count : SegmentSeal.IndexEntriesUnknown);
        if (write)
            SealWriter.Write(file, seal);
        var segment = new SealedSegment(context, context.FileOf(found.BaseOffset), found.Header.Created, seal);
        segment.UseIndexes(check);
        return segment;
    }

    private RecoveryTail KeepActive(FoundSegment found, FlushPoint end, bool isClean)
    {
        using IDiskFile file = context.Disk.Open(found.Path, isClean ? DiskOpenMode.Read : DiskOpenMode.ReadWrite);
        if (!isClean)
        {
            Cut(file, found, end);
            if (found.SealStatus != SegmentSealStatus.Absent)
                SealWriter.Clear(file);

            // What is kept was perhaps never flushed: an append is acknowledged on top of it.
            file.FlushData();
            context.Disk.FlushDirectory(context.Directory);
        }

        // What is below the end and cannot be read is a hole in the log, not its end.
        var view = new TolerantFile(file);
        var segmentEnd = new SegmentEnd(end.Position, end.NextOffset);
        IndexCheck check = context.Rebuilder.Check(
            found.BaseOffset, view, context.AppendedBy, segmentEnd, end.ChainCrc);
        defects.AddRange(check.Defects.Select(defect => UnreadableBytes.Named(defect, view)));
        LeaderEpoch lastEpoch = check.LastEpoch > _lastEpoch ? check.LastEpoch : _lastEpoch;
        var state = new ActiveState(segmentEnd, end.ChainCrc, check.MaxTimestamp, check.LastAppend, lastEpoch);
        ActiveSegment active = ActiveSegment.Recovered(context, found.BaseOffset, found.Header.Created, state);
        active.UseIndexes(check);
        Segments.Add(active);
        return new RecoveryTail(active, end.NextOffset, end, lastEpoch);
    }

    /// <summary>
    /// Cuts what follows the end, if anything was written there: else a batch behind a hole could one day continue the
    /// log that grew up to it. The zeros that the file was extended by are no loss, nor is what an earlier life left.
    /// </summary>
    private void Cut(IDiskFile file, FoundSegment found, FlushPoint end)
    {
        Invariant.Check(end.Covers(point));
        FilePosition written = TailResidue.End(file, found, end.Position, _dataEnd);
        long bytes = written.Since(end.Position);
        if (bytes == 0)
            return;
        string saved = _cutBytes.Save(file, found.BaseOffset, end.Position, bytes);
        SegmentTail.Cut(file, end.Position, written, found.Header.StaleEnd);
        diagnostics.TailCut(
            file.Path, bytes, $"offset {end.NextOffset} at {end.Position}: {_stopReason}", saved);
    }

    private void Remove(FoundSegment segment)
    {
        Invariant.Check(segment.BaseOffset >= point.NextOffset);
        using (IDiskFile file = context.Disk.Open(segment.Path, DiskOpenMode.Read))
        {
            long bytes = TailResidue.End(file, segment, FilePosition.Zero).Value;
            string saved = bytes == 0
                ? "it was empty"
                : _cutBytes.Save(file, segment.BaseOffset, FilePosition.Zero, bytes);
            diagnostics.TailCut(segment.Path, bytes, "the log ends before this segment", saved);
        }

        context.Disk.DeleteFile(segment.Path);
        context.Disk.DeleteFile(SegmentName.OffsetIndex(context.Directory, segment.BaseOffset));
        context.Disk.DeleteFile(SegmentName.TimeIndex(context.Directory, segment.BaseOffset));
    }
}

using FastLog.Primitives;
using FastLog.Records;
using FastLog.Storage.Disk;
using FastLog.Storage.Flushing;
using FastLog.Storage.Indexes;
using FastLog.Storage.Reading;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Recovery;

/// <summary>
/// Takes the segments below the one with the recovery point in: by their headers and seals alone. Nothing is changed
/// but seals and indexes that carried bytes left behind; what does not check is reported and set aside.
/// </summary>
internal sealed class LowerRecovery(
    SegmentContext context, List<LogDefect> defects, FlushPoint flushed, FlushPoint point)
{
    private LogOffset _expected = LogOffset.None;

    public List<Segment> Segments { get; } = [];

    public long ScannedBytes { get; private set; }

    public LeaderEpoch LastEpoch { get; private set; } = LeaderEpoch.None;

    /// <param name="found">A segment below the recovery point's.</param>
    /// <param name="nextBase">The base offset of the one behind it.</param>
    public void Take(FoundSegment found, LogOffset nextBase)
    {
        Invariant.Check(found.BaseOffset < point.SegmentBase);
        ReportGap(found.BaseOffset);
        _expected = nextBase;
        if (found.Status != FoundStatus.Ok)
        {
            SetAside(found, nextBase);
            return;
        }

        if (found.SealStatus == SegmentSealStatus.Ok && found.Seal.NextOffset <= nextBase)
        {
            // Below the next base, a segment between the two is missing.
            _expected = found.Seal.NextOffset;
            TakeSealed(found, found.Seal.NextOffset);
            return;
        }

        // Bytes that a flush round carried may have been durable before their segment's seal.
        bool mayLack = found.BaseOffset >= flushed.SegmentBase;
        if (!mayLack)
            Report(LogDefectKind.SealDamaged, found, 0, LogOffset.None, LogOffset.None, $"the seal does not check ({found.SealStatus})");
        Reseal(found, nextBase, mayLack);
    }

    /// <summary>After the last one: the offset at which the recovery point's segment must begin.</summary>
    public LogOffset Finish(LogOffset pointBase)
    {
        if (_expected.IsNone)
            return pointBase;
        ReportGap(pointBase);
        return _expected;
    }

    private void TakeSealed(FoundSegment found, LogOffset nextBase)
    {
        var segment = new SealedSegment(context, context.FileOf(found.BaseOffset), found.Header.Created, found.Seal);
        Segments.Add(segment);
        LastEpoch = found.Seal.LastEpoch;
        if (found.Length < found.Seal.EndPosition.Value)
            ReportShort(segment, found, nextBase);
        else if (found.BaseOffset >= flushed.SegmentBase && flushed != point)
            Verify(segment, found);
    }

    private void ReportShort(Segment segment, FoundSegment found, LogOffset nextBase)
    {
        using IDiskFile file = context.Disk.Open(found.Path, DiskOpenMode.Read);
        using var walk = new HeaderWalk(
            new TolerantFile(file),
            SegmentLayout.DataStart,
            found.BaseOffset,
            new FilePosition(found.Length),
            StorageLimits.WalkWindow);
        while (walk.TryNext(out _, out _) == WalkStatus.Ok)
        {
        }

        defects.Add(new LogDefect(
            LogDefectKind.SegmentTooShort,
            found.Path,
            walk.Position,
            segment.End.Position.Since(walk.Position),
            walk.NextOffset,
            nextBase.Plus(-1),
            $"the file has {found.Length} bytes, its data ends at {segment.End.Position}"));
    }

    /// <summary>Carried bytes were written again: they are checked whole, as nothing vouches for the files' other bytes.</summary>
    private void Verify(SealedSegment segment, FoundSegment found)
    {
        using IDiskFile file = context.Disk.Open(found.Path, DiskOpenMode.Read);
        var start = SegmentLayout.StartPoint(found.BaseOffset);
        if (flushed.SegmentBase == found.BaseOffset)
            start = flushed;
        var view = new TolerantFile(file);
        var check = new RangeCheck(view, start, segment.End, new LeaderEpoch(int.MaxValue));
        defects.AddRange(check.Run().Select(defect => UnreadableBytes.Named(defect, view)));
        ScannedBytes += segment.End.Position.Since(start.Position);
        if (check.Chain is { } chain && chain != segment.Seal.ChainCrc)
            Report(
                LogDefectKind.ChainMismatch,
                found,
                segment.End.Position.Value,
                found.BaseOffset,
                segment.End.NextOffset.Plus(-1),
                "the chain CRC of the batch headers differs from the seal's");
    }

    /// <summary>Finds the end by a walk over the headers; what the walk does not reach is set aside.</summary>
    private void Reseal(FoundSegment found, LogOffset nextBase, bool write)
    {
        using IDiskFile file = context.Disk.Open(found.Path, write ? DiskOpenMode.ReadWrite : DiskOpenMode.Read);
        var view = new TolerantFile(file);
        using var walk = new HeaderWalk(
            view, SegmentLayout.DataStart, found.BaseOffset, new FilePosition(found.Length), StorageLimits.WalkWindow);
        uint chain = ChainCrc.Start;
        while (walk.NextOffset < nextBase && walk.TryNext(out BatchHeader header, out _) == WalkStatus.Ok)
        {
            chain = ChainCrc.Append(chain, walk.ChainBytes);
            if (header.LeaderEpoch > LastEpoch)
                LastEpoch = header.LeaderEpoch;
        }

        var end = new SegmentEnd(walk.Position, walk.NextOffset);
        if (walk.NextOffset < nextBase)
            Report(
                LogDefectKind.BatchDamaged,
                found,
                found.Length - walk.Position.Value,
                walk.NextOffset,
                nextBase.Plus(-1),
                $"the batches end early: {walk.Reason}",
                walk.Position);
        IndexCheck check = context.Rebuilder.Check(found.BaseOffset, view, context.AppendedBy, end, chain);
        var seal = new SegmentSeal(
            found.BaseOffset,
            end.Position,
            end.NextOffset,
            check.MaxTimestamp,
            check.LastAppend,
            chain,
            LastEpoch,
            check.Written ? check.Image.Count : SegmentSeal.IndexEntriesUnknown);
        if (write && walk.NextOffset == nextBase)
            SealWriter.Write(file, seal);
        var segment = new SealedSegment(context, context.FileOf(found.BaseOffset), found.Header.Created, seal);
        segment.UseIndexes(check);
        Segments.Add(segment);
        if (walk.NextOffset == nextBase && flushed != point && write)
            Verify(segment, found);
    }

    private void SetAside(FoundSegment found, LogOffset nextBase)
    {
        (LogDefectKind kind, string detail) = found.Status switch
        {
            FoundStatus.Foreign => (
                LogDefectKind.SegmentForeign,
                $"the file belongs to {found.Header.Id} at base offset {found.Header.BaseOffset}"),
            FoundStatus.Unreadable => (
                LogDefectKind.Unreadable, "the device cannot read the segment's header: the next start looks again"),
            _ => (LogDefectKind.SegmentHeaderDamaged, "the segment's header does not check"),
        };
        Report(kind, found, found.Length, found.BaseOffset, nextBase.Plus(-1), detail);
    }

    private void ReportGap(LogOffset next)
    {
        if (_expected.IsNone || _expected >= next)
            return;
        string path = SegmentName.Data(context.Directory, _expected);
        defects.Add(new LogDefect(
            LogDefectKind.SegmentMissing,
            path,
            FilePosition.Zero,
            0,
            _expected,
            next.Plus(-1),
            "no segment holds these offsets"));
    }

    private void Report(
        LogDefectKind kind,
        FoundSegment found,
        long length,
        LogOffset first,
        LogOffset last,
        string detail,
        FilePosition position = default) =>
        defects.Add(new LogDefect(kind, found.Path, position, length, first, last, detail));
}

using FastLog.Primitives;
using FastLog.Storage.Disk;
using FastLog.Storage.Epochs;
using FastLog.Storage.Flushing;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Recovery;

/// <summary>How a partition's last life ended, as far as the data directory knows.</summary>
/// <param name="CleanEnd">Where it ended when it was closed; null when it was not closed cleanly.</param>
/// <param name="Recorded">What the recovery log says; null when it knows nothing.</param>
/// <param name="IsNew">The directory was made just now.</param>
internal sealed record LastLife(FlushPoint? CleanEnd, RecoveredPartition? Recorded, bool IsNew);

/// <summary>
/// Opens a partition's files after any kind of end. Below the recovery point nothing is cut: a defect there is reported
/// and set aside. Above it the log ends before the first batch that is not valid, whatever follows. May be killed at any
/// point and run again: each step leaves a state from which the same result follows. On a thread that may block.
/// </summary>
internal sealed class LogRecovery
{
    private readonly SegmentContext _context;
    private readonly StorageDiagnostics _diagnostics;
    private readonly LogStartRecovery _start;
    private LastLife _lastLife;
    private readonly List<LogDefect> _defects = [];
    private readonly List<Segment> _segments = [];
    private long _scannedBytes;

    public LogRecovery(SegmentContext context, LastLife lastLife, StorageDiagnostics diagnostics)
    {
        _context = context;
        _lastLife = lastLife;
        _diagnostics = diagnostics;
        _start = new LogStartRecovery(context, _defects);
    }

    /// <exception cref="StorageException">A file of another partition, or of a later version, stands where the log goes on.</exception>
    /// <exception cref="DiskException">The device failed.</exception>
    public RecoveredLog Run()
    {
        LeaderEpochHistory epochs = ReadEpochs(out bool epochsFound);
        List<FoundSegment> found = SegmentInventory.List(_context.Disk, _context.Directory, _context.Id);
        foreach (FoundSegment segment in found)
            RefuseLaterVersion(segment);
        if (!epochsFound && found.Count > 0 && _defects.Count == 0)
            ReportEpochs("it is missing");
        _start.Read();
        found = _start.RemoveBelow(found);
        _start.ReportGap(found);
        bool isClean = IsClean(found);
        FlushPoint? point = isClean ? _lastLife.CleanEnd : RecordedPoint(found);
        if (point is null && found.Count > 0)
            point = FirstPoint(found);
        RecoveryTail tail = point is null ? RecoveryTail.Empty : Recover(found, point.Value, epochs, isClean);
        if (tail.LogEnd < _start.LogStart)
            tail = tail with
            {
                Active = null,
                LogEnd = _start.LogStart,
                Point = SegmentLayout.StartPoint(_start.LogStart),
            };
        if (tail.LastEpoch > epochs.Latest)
            epochs = epochs.Begin(tail.LastEpoch, tail.LogEnd);
        bool epochIsDurable = epochsFound;
        if (!isClean || !epochsFound)
            epochs = RaiseEpoch(epochs, isClean, epochsFound || found.Count > 0, tail.LogEnd, out epochIsDurable);
        foreach (LogDefect defect in _defects)
            _diagnostics.DefectFound(defect);
        if (!isClean)
            _diagnostics.PartitionRecovered(_context.Directory, _scannedBytes, tail.LogEnd.ToString());
        return new RecoveredLog(
            new SegmentSet([.. _segments]),
            tail.Active,
            LogOffset.Max(_start.LogStart, StartOf(found, point, tail.LogEnd)),
            tail.LogEnd,
            tail.Point,
            epochs,
            epochIsDurable,
            _defects,
            _scannedBytes);
    }

    /// <summary>Segments that are set aside count: their offsets are damaged, not out of range.</summary>
    private static LogOffset StartOf(List<FoundSegment> found, FlushPoint? point, LogOffset logEnd)
    {
        LogOffset start = point is { } known ? LogOffset.Min(known.SegmentBase, logEnd) : logEnd;
        return found.Count > 0 ? LogOffset.Min(start, found[0].BaseOffset) : start;
    }

    private FlushPoint? RecordedPoint(List<FoundSegment> found)
    {
        if (_lastLife.Recorded is not { } recorded)
            return null;
        FlushPoint raised = CompactedPoint.Raise(_context, _start.Raise(recorded.RecoveryPoint, found), found);
        if (raised != recorded.RecoveryPoint)
            _lastLife = _lastLife with { Recorded = recorded with { Flushed = raised, RecoveryPoint = raised } };
        return raised;
    }

    private LeaderEpochHistory ReadEpochs(out bool found)
    {
        AtomicFileStatus status = LeaderEpochHistory.TryRead(
            _context.Disk, _context.Directory, out LeaderEpochHistory history);
        found = status == AtomicFileStatus.Ok;
        if (found || status == AtomicFileStatus.Absent)
            return history;
        string path = $"{_context.Directory}/{LeaderEpochHistory.FileName}";
        if (status == AtomicFileStatus.VersionUnknown)
            throw new StorageException(
                StorageErrorKind.ForeignFormat, path, $"'{path}' was written by a later version of this program");
        ReportEpochs($"it does not check ({status})");
        return history;
    }

    /// <summary>An epoch is durable in the file before the first segment is made, so this is damage.</summary>
    private void ReportEpochs(string what) => _defects.Add(new LogDefect(
        LogDefectKind.EpochFileDamaged,
        $"{_context.Directory}/{LeaderEpochHistory.FileName}",
        FilePosition.Zero,
        0,
        LogOffset.None,
        LogOffset.None,
        $"the epoch file is lost, {what}: the epoch goes on from the last batch"));

    private static void RefuseLaterVersion(FoundSegment segment)
    {
        if (segment.Status == FoundStatus.VersionUnknown)
            throw new StorageException(
                StorageErrorKind.ForeignFormat,
                segment.Path,
                $"'{segment.Path}' was written by a later version of this program");
    }

    /// <summary>Clean only if nothing lies behind the recorded end and the recovery log does not know more.</summary>
    private bool IsClean(List<FoundSegment> found)
    {
        if (_lastLife.IsNew)
            return found.Count == 0;
        if (_lastLife.CleanEnd is not { } end)
            return false;
        if (_lastLife.Recorded is { } recorded && !end.Covers(recorded.RecoveryPoint))
            return false;
        return found.Count == 0 || found[^1].BaseOffset <= end.SegmentBase;
    }

    /// <summary>Nothing is recorded: all that is there was written after the last record, so it is checked from its start.</summary>
    private static FlushPoint FirstPoint(List<FoundSegment> found) => SegmentLayout.StartPoint(found[0].BaseOffset);

    private LeaderEpochHistory RaiseEpoch(
        LeaderEpochHistory epochs, bool isClean, bool hasHistory, LogOffset logEnd, out bool isDurable)
    {
        isDurable = false;
        LeaderEpoch next = epochs.Latest.Next();

        // A log that may have been used before and lost all of it must not begin with the epoch it had then.
        if (!isClean && next == LeaderEpoch.Zero)
            next = next.Next();
        epochs = epochs.Begin(next, logEnd);
        if (!hasHistory)
            return epochs;
        epochs.Write(_context.Disk, _context.Directory);
        isDurable = true;
        return epochs;
    }

    private RecoveryTail Recover(List<FoundSegment> found, FlushPoint point, LeaderEpochHistory epochs, bool isClean)
    {
        FlushPoint flushed = isClean ? point : _lastLife.Recorded?.Flushed ?? point;
        if (_lastLife.Recorded is { Flushed: null } && !isClean)
            flushed = found.Count > 0 ? FirstPoint(found) : point;
        var lower = new LowerRecovery(_context, _defects, flushed, point);
        foreach (FoundSegment segment in found)
        {
            if (segment.BaseOffset < point.SegmentBase)
                lower.Take(segment, NextBase(found, segment, point));
        }

        LogOffset lowerEnd = lower.Finish(point.SegmentBase);
        _segments.AddRange(lower.Segments);
        _scannedBytes += lower.ScannedBytes;
        FoundSegment? at = found.Find(segment => segment.BaseOffset == point.SegmentBase);
        List<FoundSegment> above = found.FindAll(segment => segment.BaseOffset > point.SegmentBase);
        bool epochsAreLost = _defects.Exists(static defect => defect.Kind == LogDefectKind.EpochFileDamaged);
        LeaderEpoch epochMax = epochsAreLost ? new LeaderEpoch(int.MaxValue) : epochs.Latest;
        LeaderEpoch epochMin = epochsAreLost ? LeaderEpoch.None : epochs.EpochAt(point.NextOffset);
        var upper = new UpperRecovery(_context, _defects, _diagnostics, flushed, point, epochMin, epochMax);
        RecoveryTail tail = upper.Run(at, above, lowerEnd, isClean);
        _segments.AddRange(upper.Segments);
        _scannedBytes += upper.ScannedBytes;
        return tail with { LastEpoch = MaxEpoch(lower.LastEpoch, tail.LastEpoch) };
    }

    private static LogOffset NextBase(List<FoundSegment> found, FoundSegment segment, FlushPoint point)
    {
        int next = found.IndexOf(segment) + 1;
        return next < found.Count ? LogOffset.Min(found[next].BaseOffset, point.SegmentBase) : point.SegmentBase;
    }

    private static LeaderEpoch MaxEpoch(LeaderEpoch left, LeaderEpoch right) => left > right ? left : right;
}

/// <summary>Where a recovery ended.</summary>
internal sealed record RecoveryTail(ActiveSegment? Active, LogOffset LogEnd, FlushPoint Point, LeaderEpoch LastEpoch)
{
    public static readonly RecoveryTail Empty =
        new(null, LogOffset.Zero, SegmentLayout.StartPoint(LogOffset.Zero), LeaderEpoch.None);
}

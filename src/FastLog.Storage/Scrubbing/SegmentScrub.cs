using FastLog.Primitives;
using FastLog.Storage.Appending;
using FastLog.Storage.Disk;
using FastLog.Storage.Flushing;
using FastLog.Storage.Reading;
using FastLog.Storage.Recovery;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Scrubbing;

/// <summary>
/// Checks one segment of an open log in steps of some bytes: identity and seal, each batch's CRC, offsets and epochs, the
/// chain CRC, and the entries of its indexes. Damage goes into the quarantine as it is found. The file is leased for a step
/// only. One thread at a time.
/// </summary>
internal sealed class SegmentScrub
{
    private readonly PartitionState _state;
    private readonly Segment _segment;
    private readonly FlushPoint _end;
    private readonly StorageDiagnostics _diagnostics;
    private readonly List<LogDefect> _found = [];
    private IndexScrub? _indexes;
    private FlushPoint _at;
    private LeaderEpoch _lastEpoch = LeaderEpoch.None;
    private bool _hasBegun;

    // False behind damage: the chain CRC so far is not known any more.
    private bool _isChained = true;

    /// <param name="state">The log's.</param>
    /// <param name="segment">One of its segments.</param>
    /// <param name="end">Where its data ends, with the chain CRC there.</param>
    /// <param name="diagnostics">Hears of indexes that were made anew.</param>
    public SegmentScrub(PartitionState state, Segment segment, FlushPoint end, StorageDiagnostics diagnostics)
    {
        _state = state;
        _segment = segment;
        _end = end;
        _diagnostics = diagnostics;
        _at = SegmentLayout.StartPoint(segment.BaseOffset);
    }

    public bool IsDone { get; private set; }

    /// <summary>Damage found so far, also what was known before.</summary>
    public IReadOnlyList<LogDefect> Found => _found;

    /// <summary>Reads and checks about so many bytes, one batch at least.</summary>
    /// <returns>How many bytes were passed.</returns>
    /// <exception cref="DiskException">The system refused, otherwise than by bytes that cannot be read.</exception>
    public long Step(long bytes)
    {
        SegmentHandle? handle = null;
        try
        {
            handle = _segment.File.Acquire();
            if (handle is null || !_state.Segments.Contains(_segment))
            {
                // Retention or compaction took it: whatever was found in it is gone with it.
                IsDone = true;
                return 0;
            }

            return Step(new TolerantFile(handle.File), bytes);
        }
        catch (DiskException failure) when (failure.Path == _segment.File.Path && (failure.IsAbsent || failure.IsUnreadable))
        {
            Add(new LogDefect(
                failure.IsAbsent ? LogDefectKind.SegmentMissing : LogDefectKind.Unreadable,
                failure.Path,
                FilePosition.Zero,
                _end.Position.Value,
                _segment.BaseOffset,
                _end.NextOffset.Plus(-1),
                failure.Message));
            IsDone = true;
            return 0;
        }
        finally
        {
            handle?.Release();
        }
    }

    private long Step(TolerantFile file, long bytes)
    {
        if (!_hasBegun)
            Begin(file);
        _hasBegun = true;
        FilePosition from = _at.Position;
        using var scan = new TailScan(file, _at, _end.Position, _lastEpoch, new LeaderEpoch(int.MaxValue));
        while (scan.Position < _end.Position && scan.Position.Since(from) < bytes)
        {
            FilePosition position = scan.Position;
            uint chain = scan.Chain;
            if (scan.TryNext())
                Passed(scan, file, position, chain);
            else if (!TrySkip(scan, file))
                break;
        }

        _at = new FlushPoint(_end.SegmentBase, scan.Position, scan.NextOffset, scan.Chain);
        _lastEpoch = scan.LastEpoch;
        if (scan.Position >= _end.Position)
            Finish(file);
        return scan.Position.Since(from);
    }

    private void Passed(TailScan scan, TolerantFile file, FilePosition position, uint chain)
    {
        // Bytes that cannot be read come as zeros, and may have been zeros.
        if (file.HasHole(position, scan.Header.BatchSize))
            Add(UnreadableBytes.Of(_segment, position, scan.Header));
        _indexes?.Passed(position, scan.Header, chain, _isChained);
        LeaderEpoch expected = _state.Epochs.EpochAt(scan.Header.BaseOffset);
        if (expected == LeaderEpoch.None || expected == scan.Header.LeaderEpoch)
            return;
        _isChained = false;
        scan.ForgetEpoch();
        Add(new LogDefect(
            LogDefectKind.EpochNotContinuous,
            _segment.File.Path,
            position,
            scan.Header.BatchSize,
            scan.Header.BaseOffset,
            scan.Header.LastOffset,
            $"the batch says leader epoch {scan.Header.LeaderEpoch}, it was appended in {expected}"));
    }

    private bool TrySkip(TailScan scan, TolerantFile file)
    {
        var end = new SegmentEnd(_end.Position, _end.NextOffset);
        BatchResync.Find(file, scan.Position, scan.NextOffset, end, _segment, out SegmentEnd next);
        var defect = new LogDefect(
            scan.DefectKind,
            _segment.File.Path,
            scan.Position,
            next.Position.Since(scan.Position),
            scan.NextOffset,
            next.NextOffset.Plus(-1),
            scan.Reason);
        Add(UnreadableBytes.Named(defect, file));
        _isChained = false;
        scan.SkipTo(next);
        return next.Position < _end.Position;
    }

    private void Finish(TolerantFile file)
    {
        IsDone = true;
        if (_isChained && _at.ChainCrc != _end.ChainCrc)
            Add(ChainDefect());
        bool isWhole = _found.Count == 0;
        if (_indexes is not null && isWhole && !_indexes.IsGood)
        {
            _segment.RebuildIndexes(file);
            _diagnostics.IndexRebuilt(_segment.File.Path, _indexes.Reason);
        }

        LiftWhatIsGood();
    }

    /// <summary>Index entries narrow down where the headers differ from what they were.</summary>
    private LogDefect ChainDefect()
    {
        (SegmentEnd first, SegmentEnd? last) = _indexes?.Difference
            ?? (new SegmentEnd(SegmentLayout.DataStart, _segment.BaseOffset), null);
        SegmentEnd end = last ?? new SegmentEnd(_end.Position, _end.NextOffset);
        return new LogDefect(
            LogDefectKind.ChainMismatch,
            _segment.File.Path,
            first.Position,
            end.Position.Since(first.Position),
            first.NextOffset,
            end.NextOffset.Plus(-1),
            $"the chain CRC of the batch headers is {_at.ChainCrc:x8}, recorded is {_end.ChainCrc:x8}");
    }

    private void Begin(TolerantFile file)
    {
        // An index that is being appended to is in memory: it is not what a disk may damage.
        if (_segment is SealedSegment)
            _indexes = IndexScrub.Begin(_state.Context.Rebuilder, _segment.BaseOffset, _segment.End, _segment.EntriesInFiles);
        byte[] bytes = new byte[SegmentLayout.HeaderSize];
        int count = file.Read(FilePosition.Zero, bytes);
        SegmentHeaderStatus status = SegmentHeader.TryRead(bytes.AsSpan(0, count), out SegmentHeader header);
        if (status != SegmentHeaderStatus.Ok || header.Id != _state.Context.Id || header.BaseOffset != _segment.BaseOffset)
            AddSector(LogDefectKind.SegmentHeaderDamaged, 0, "the header does not check: the next start sets the segment aside");
        if (_segment is not SealedSegment @sealed)
            return;
        SegmentSealStatus sealStatus = SegmentSeal.TryRead(
            bytes.AsSpan(SegmentLayout.SealAt), _segment.BaseOffset, out SegmentSeal seal);

        // A seal that a start worked out and left alone is in memory only.
        if (sealStatus != SegmentSealStatus.Ok || seal.EndPosition != @sealed.Seal.EndPosition
            || seal.NextOffset != @sealed.Seal.NextOffset || seal.ChainCrc != @sealed.Seal.ChainCrc)
            AddSector(LogDefectKind.SealDamaged, SegmentLayout.SealAt, $"the seal does not check ({sealStatus})");
    }

    private void AddSector(LogDefectKind kind, int at, string detail) => Add(new LogDefect(
        kind,
        _segment.File.Path,
        new FilePosition(at),
        SegmentLayout.SectorSize,
        LogOffset.None,
        LogOffset.None,
        detail));

    private void Add(LogDefect defect)
    {
        _found.Add(defect);
        _state.Quarantine.Add(defect);
    }

    /// <summary>What could not be read, or was mended by someone, and reads whole now is served again.</summary>
    private void LiftWhatIsGood()
    {
        foreach (LogDefect known in _state.Quarantine.Defects)
        {
            bool isHere = known.File == _segment.File.Path && known.Kind is not LogDefectKind.SegmentTooShort;
            bool isPassed = known.LastOffset.IsNone || known.LastOffset < _end.NextOffset;
            if (isHere && isPassed && !_found.Exists(defect => Overlaps(defect, known)))
                _state.Quarantine.Lift(known, "the scrubber read it whole");
        }
    }

    private static bool Overlaps(LogDefect left, LogDefect right)
    {
        if (left.LastOffset.IsNone || right.LastOffset.IsNone)
            return left.Kind == right.Kind;
        return left.FirstOffset <= right.LastOffset && right.FirstOffset <= left.LastOffset;
    }
}

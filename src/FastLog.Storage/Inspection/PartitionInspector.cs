using FastLog.Primitives;
using FastLog.Storage.Compaction;
using FastLog.Storage.Disk;
using FastLog.Storage.Flushing;
using FastLog.Storage.Indexes;
using FastLog.Storage.Reading;
using FastLog.Storage.Recovery;
using FastLog.Storage.Scrubbing;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Inspection;

/// <summary>
/// Checks all batches of one partition: sizes, CRCs, offsets and epochs that continue, chain CRCs against the seals, and that
/// segments follow each other. What lies behind the last batch of an unsealed segment and was never known to be durable
/// is no damage.
/// </summary>
internal sealed class PartitionInspector(
    IDisk disk, InspectedPartition partition, FlushPoint? durable, bool lookBehindHeaders, CancellationToken cancellationToken)
{
    private readonly List<SegmentReport> _segments = [];
    private readonly List<LogDefect> _defects = [];
    private readonly List<LogDefect> _cacheDefects = [];
    private TopicPartition? _id = partition.Id;
    private LogOffset _expected = LogOffset.None;
    private LogOffset _logStart = LogOffset.Zero;
    private long _tailBytes;

    public static List<(LogOffset BaseOffset, string Path)> DataFiles(IDisk disk, InspectedPartition partition)
    {
        var files = new List<(LogOffset BaseOffset, string Path)>();
        foreach (string name in disk.ListFiles(partition.Directory))
        {
            if (partition.OnlyFile is not null && name != partition.OnlyFile)
                continue;
            if (SegmentName.TryParse(name, SegmentName.DataSuffix, out LogOffset baseOffset))
                files.Add((baseOffset, $"{partition.Directory}/{name}"));
        }

        if (partition.OnlyFile is null)
            TakeSwaps(disk, partition, files);
        files.Sort(static (left, right) => left.BaseOffset.CompareTo(right.BaseOffset));
        return files;
    }

    /// <summary>A crash may have left a compacted segment beside some of those that it stands for: it counts, they do not.</summary>
    private static void TakeSwaps(
        IDisk disk, InspectedPartition partition, List<(LogOffset BaseOffset, string Path)> files)
    {
        foreach (string name in disk.ListFiles(partition.Directory))
        {
            if (!SegmentName.TryParse(name, SegmentName.SwapSuffix, out LogOffset baseOffset))
                continue;
            string path = $"{partition.Directory}/{name}";
            LogOffset end = SegmentSwap.EndOf(disk, path, baseOffset, partition.Id);
            if (end.IsNone)
                continue;
            files.RemoveAll(file => file.BaseOffset >= baseOffset && file.BaseOffset < end);
            files.Add((baseOffset, path));
        }
    }

    public PartitionReport Run()
    {
        // Before the files: a running broker moves it up, and deletes afterwards.
        if (partition.OnlyFile is null && LogStartFile.TryRead(disk, partition.Directory, out _logStart) == AtomicFileStatus.Ok)
            _expected = _logStart;
        List<(LogOffset BaseOffset, string Path)> files = DataFiles(disk, partition);
        for (int i = 0; i < files.Count; i++)
        {
            LogOffset nextBase = i + 1 < files.Count ? files[i + 1].BaseOffset : LogOffset.None;
            Inspect(files[i].BaseOffset, files[i].Path, nextBase);
        }

        CheckDurableEnd(files);
        if (partition.OnlyFile is null && _id is { } id)
            new PartitionFilesCheck(disk, partition.Directory, id, _defects, _cacheDefects).Run(files.Count > 0);
        return new PartitionReport(
            partition.Topic, _id ?? default, partition.Directory, _segments, _defects, _cacheDefects, _tailBytes);
    }

    private void Inspect(LogOffset baseOffset, string path, LogOffset nextBase)
    {
        cancellationToken.ThrowIfCancellationRequested();
        FoundSegment found = SegmentInventory.LookOver(disk, path, baseOffset, _id);
        if (IsBelowStart(found, nextBase) || IsNeverBegun(found, nextBase))
            return;
        if (!_expected.IsNone && baseOffset > _expected)
            Report(LogDefectKind.SegmentMissing, path, FilePosition.Zero, 0, _expected, baseOffset.Plus(-1), "no segment holds these offsets");
        if (found.Status == FoundStatus.VersionUnknown)
            throw new StorageException(
                StorageErrorKind.ForeignFormat, path, $"'{path}' was written by a later version of this program");
        if (found.Status != FoundStatus.Ok)
        {
            (LogDefectKind kind, string detail) = found.Status switch
            {
                FoundStatus.Foreign => (
                    LogDefectKind.SegmentForeign, $"it belongs to {found.Header.Id} at base offset {found.Header.BaseOffset}"),
                FoundStatus.Unreadable => (LogDefectKind.Unreadable, "the device cannot read the header"),
                _ => (LogDefectKind.SegmentHeaderDamaged, "the header does not check"),
            };
            Report(
                kind, path, FilePosition.Zero, found.Length, baseOffset, nextBase.IsNone ? LogOffset.None : nextBase.Plus(-1), detail);
            _expected = nextBase;
            if (found.Status != FoundStatus.Damaged || !lookBehindHeaders || found.Length <= SegmentLayout.HeaderSize)
                return;
        }

        _id ??= found.Header.Id;
        bool isSealed = found.SealStatus == SegmentSealStatus.Ok;
        if (found.SealStatus == SegmentSealStatus.Damaged)
            Report(
                LogDefectKind.SealDamaged,
                path,
                new FilePosition(SegmentLayout.SealAt),
                SegmentLayout.SectorSize,
                LogOffset.None,
                LogOffset.None,
                "the seal does not check");
        using IDiskFile opened = disk.Open(path, DiskOpenMode.Read);
        var file = new TolerantFile(opened);
        CheckReserved(file);
        int before = _defects.Count;
        IndexScrub? indexes = isSealed ? BeginIndexes(found) : null;
        var walk = new SegmentWalk(file, found, Floor(baseOffset, nextBase), indexes, cancellationToken);
        _segments.Add(walk.Run(isSealed, _defects));
        if (indexes is { IsGood: false } && _defects.Count == before)
            ReportIndexes(baseOffset, indexes.Reason);
        _tailBytes += nextBase.IsNone ? walk.TailBytes : 0;
        _expected = walk.End.NextOffset;
    }

    /// <summary>
    /// Nothing is served of it and the next start removes it: a deletion was cut off, which may have left any of the segments
    /// below the log start.
    /// </summary>
    private bool IsBelowStart(FoundSegment found, LogOffset nextBase) =>
        !nextBase.IsNone && nextBase <= _logStart && found.Status is FoundStatus.Ok or FoundStatus.Damaged;

    /// <summary>
    /// The last file got its name and was to get its header when the process died: nothing can have been acknowledged in it,
    /// and the next start removes it.
    /// </summary>
    private bool IsNeverBegun(FoundSegment found, LogOffset nextBase)
    {
        if (found.Status != FoundStatus.Damaged || !nextBase.IsNone || partition.OnlyFile is not null)
            return false;
        if (durable is { } point && point.NextOffset > found.BaseOffset)
            return false;
        using IDiskFile file = disk.Open(found.Path, DiskOpenMode.Read);
        byte[] identity = new byte[SegmentLayout.SectorSize];
        return !identity.AsSpan(0, file.Read(FilePosition.Zero, identity)).ContainsAnyExcept((byte)0);
    }

    /// <summary>Before the batches: a running broker adds to an index only behind them.</summary>
    private IndexScrub? BeginIndexes(FoundSegment found)
    {
        if (_id is not { } id || found.Path.EndsWith(SegmentName.SwapSuffix, StringComparison.Ordinal))
            return null;
        var rebuilder = new IndexRebuilder(disk, partition.Directory, id);
        var end = new SegmentEnd(found.Seal.EndPosition, found.Seal.NextOffset);
        return IndexScrub.Begin(rebuilder, found.BaseOffset, end, found.Seal.IndexEntries);
    }

    private void ReportIndexes(LogOffset baseOffset, string reason) => _cacheDefects.Add(new LogDefect(
        LogDefectKind.IndexDamaged,
        SegmentName.OffsetIndex(partition.Directory, baseOffset),
        FilePosition.Zero,
        0,
        LogOffset.None,
        LogOffset.None,
        $"{reason}, in it or in the time index"));

    /// <summary>Up to where the segment's bytes were durable: the seal says it, or the recovery log.</summary>
    private SegmentEnd? Floor(LogOffset baseOffset, LogOffset nextBase)
    {
        if (durable is not { } point || point.SegmentBase != baseOffset)
            return null;
        return nextBase.IsNone || point.NextOffset <= nextBase ? new SegmentEnd(point.Position, point.NextOffset) : null;
    }

    private void CheckReserved(TolerantFile file)
    {
        byte[] reserved = new byte[SegmentLayout.HeaderSize - (2 * SegmentLayout.SectorSize)];
        var position = new FilePosition(2 * SegmentLayout.SectorSize);
        int count = file.Read(position, reserved);
        int at = reserved.AsSpan(0, count).IndexOfAnyExcept((byte)0);
        if (at >= 0)
            Report(
                LogDefectKind.SegmentHeaderDamaged,
                file.Path,
                position.Plus(at),
                1,
                LogOffset.None,
                LogOffset.None,
                "a reserved byte of the header is not zero");
    }

    private void CheckDurableEnd(List<(LogOffset BaseOffset, string Path)> files)
    {
        if (durable is not { } point || partition.OnlyFile is not null)
            return;
        bool isThere = files.Exists(file => file.BaseOffset == point.SegmentBase);
        if (isThere || point.NextOffset == point.SegmentBase)
            return;
        Report(
            LogDefectKind.SegmentMissing,
            SegmentName.Data(partition.Directory, point.SegmentBase),
            FilePosition.Zero,
            0,
            point.SegmentBase,
            point.NextOffset.Plus(-1),
            "the segment that the recovery log ends in is not there");
    }

    private void Report(
        LogDefectKind kind, string path, FilePosition position, long length, LogOffset first, LogOffset last, string detail) =>
        _defects.Add(new LogDefect(kind, path, position, length, first, last, detail));
}

using FastLog.Primitives;
using FastLog.Records;
using FastLog.Storage.Indexes;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Scrubbing;

/// <summary>
/// Holds the entries of a sealed segment's indexes against its batches as they go by: each entry names a batch, the chain CRC
/// before it and the largest timestamp up to it. One thread.
/// </summary>
internal sealed class IndexScrub
{
    private readonly OffsetIndex _offsets;
    private readonly TimeIndex _times;
    private readonly bool _isWhole;
    private Timestamp _maxTimestamp = Timestamp.None;
    private SegmentEnd _lastGood;
    private SegmentEnd? _firstBad;
    private string? _wrong;
    private int _next;

    private IndexScrub(LogOffset segmentBase, IndexImage entries, bool isWhole)
    {
        _offsets = new OffsetIndex(entries.Offsets, segmentBase);
        _times = new TimeIndex(entries.Times, segmentBase);
        _isWhole = isWhole;
        _lastGood = new SegmentEnd(SegmentLayout.DataStart, segmentBase);
    }

    /// <summary>Reads the index files of a sealed segment.</summary>
    /// <param name="rebuilder">Its partition's.</param>
    /// <param name="segmentBase">Its base offset.</param>
    /// <param name="end">Where its data ends.</param>
    /// <param name="entriesMin">So many must be in the files.</param>
    public static IndexScrub Begin(IndexRebuilder rebuilder, LogOffset segmentBase, SegmentEnd end, int entriesMin)
    {
        IndexImage entries = rebuilder.Load(segmentBase, end, out bool asInFiles);
        return new IndexScrub(segmentBase, entries, asInFiles && entries.Count >= entriesMin);
    }

    /// <summary>False when an entry lies, or some are missing or do not check. After the last batch.</summary>
    public bool IsGood => _isWhole && _wrong is null && _next == _offsets.Count;

    public string Reason => !_isWhole ? "entries are missing or do not check" : _wrong ?? "entries name no batch";

    /// <summary>Between which two entries the chain CRC began to differ; the second one is null when that is the end.</summary>
    public (SegmentEnd First, SegmentEnd? End) Difference => (_lastGood, _firstBad);

    /// <param name="position">Where the batch begins.</param>
    /// <param name="header">The batch.</param>
    /// <param name="chain">The chain CRC before it.</param>
    /// <param name="isChained">False when that is not known, as damage lies before it.</param>
    public void Passed(FilePosition position, in BatchHeader header, uint chain, bool isChained)
    {
        if (header.MaxTimestamp > _maxTimestamp)
            _maxTimestamp = header.MaxTimestamp;
        OffsetIndexEntry entry;
        TimeIndexEntry time;
        while (TryGet(out entry, out time) && entry.Position < position)
        {
            _wrong ??= $"an entry at {entry.Position} names no batch";
            _next++;
        }

        if (_next >= _offsets.Count || entry.Position != position)
            return;
        _next++;
        if (entry.Offset != header.BaseOffset)
            _wrong ??= $"an entry gives offset {entry.Offset} for {header.BaseOffset}";
        if (time.MaxTimestamp != _maxTimestamp)
            _wrong ??= $"an entry gives timestamp {time.MaxTimestamp} for {_maxTimestamp}";
        if (!isChained)
            return;
        if (entry.ChainCrc == chain)
        {
            _lastGood = new SegmentEnd(position, header.BaseOffset);
            return;
        }

        _wrong ??= $"an entry gives chain CRC {entry.ChainCrc:x8} for {chain:x8}";
        _firstBad ??= new SegmentEnd(position, header.BaseOffset);
    }

    private bool TryGet(out OffsetIndexEntry entry, out TimeIndexEntry time)
    {
        time = default;
        return _offsets.TryGet(_next, out entry) && _times.TryGet(_next, out time);
    }
}

using FastLog.Primitives;

namespace FastLog.Storage.Segments;

/// <summary>
/// A partition's segments in ascending order; the last one may be the active one. Replaced as a whole in the partition's
/// section, so that a reader sees one state. Immutable.
/// </summary>
internal sealed class SegmentSet
{
    public static readonly SegmentSet Empty = new([]);

    private readonly Segment[] _segments;

    public SegmentSet(Segment[] segments)
    {
        for (int i = 1; i < segments.Length; i++)
            Invariant.Check(segments[i].BaseOffset > segments[i - 1].BaseOffset);
        _segments = segments;
    }

    public int Count => _segments.Length;

    public Segment this[int index] => _segments[index];

    /// <summary>The set with a new active segment, and the former one replaced by its sealed form where there was one.</summary>
    public SegmentSet Rolled(SealedSegment? @sealed, ActiveSegment active)
    {
        Segment[] segments = [.. _segments, active];
        if (@sealed is null)
            return new SegmentSet(segments);
        Invariant.Check(_segments[^1].BaseOffset == @sealed.BaseOffset);
        segments[^2] = @sealed;
        return new SegmentSet(segments);
    }

    /// <summary>The place of the segment that holds the offset, if any does; -1 below the first one.</summary>
    public int IndexOf(LogOffset offset)
    {
        int low = 0;
        int high = _segments.Length;
        while (low < high)
        {
            int middle = low + ((high - low) / 2);
            if (_segments[middle].BaseOffset <= offset)
                low = middle + 1;
            else
                high = middle;
        }

        return low - 1;
    }
}

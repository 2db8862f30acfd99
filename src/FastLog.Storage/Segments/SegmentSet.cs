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

    /// <summary>Bytes of all segments up to their logical ends, headers included.</summary>
    public long SizeBytes
    {
        get
        {
            long bytes = 0;
            foreach (Segment segment in _segments)
                bytes += segment.End.Position.Value;
            return bytes;
        }
    }

    public bool Contains(Segment segment) => Array.IndexOf(_segments, segment) >= 0;

    /// <summary>The set without its first segments; the last one always stays.</summary>
    public SegmentSet Without(int prefix)
    {
        Invariant.Check(prefix >= 0);
        Invariant.Check(prefix < _segments.Length);
        return new SegmentSet(_segments[prefix..]);
    }

    /// <summary>The set up to a segment that takes appends again, in the place of the one that begins where it does.</summary>
    public SegmentSet CutTo(ActiveSegment last)
    {
        int index = IndexOf(last.BaseOffset);
        Invariant.Check(index >= 0);
        Invariant.Check(_segments[index].BaseOffset == last.BaseOffset);
        return new SegmentSet([.. _segments[..index], last]);
    }

    /// <summary>The set with one sealed segment in the place of some that lie side by side and are sealed too.</summary>
    /// <param name="first">The first one replaced.</param>
    /// <param name="count">How many, 1 or more.</param>
    /// <param name="by">Begins and ends where they do.</param>
    public SegmentSet Replaced(int first, int count, SealedSegment by)
    {
        Invariant.Check(count > 0);
        Invariant.Check(Array.TrueForAll(_segments[first..(first + count)], static segment => segment is SealedSegment));
        Invariant.Check(by.BaseOffset == _segments[first].BaseOffset);
        Invariant.Check(by.End.NextOffset == _segments[first + count - 1].End.NextOffset);
        return new SegmentSet([.. _segments[..first], by, .. _segments[(first + count)..]]);
    }

    /// <summary>The same by the segments, which lie side by side in this set; the set itself when they do not any more.</summary>
    public SegmentSet Replaced(IReadOnlyList<SealedSegment> sources, SealedSegment by)
    {
        int first = Array.IndexOf(_segments, sources[0]);
        for (int i = 0; i < sources.Count; i++)
        {
            if (first < 0 || first + i >= _segments.Length || !ReferenceEquals(_segments[first + i], sources[i]))
                return this;
        }

        return Replaced(first, sources.Count, by);
    }

    /// <summary>The segments of this set that are not in the other one, in ascending order.</summary>
    public IReadOnlyList<Segment> Except(SegmentSet other) =>
        [.. _segments.Where(segment => !other.Contains(segment))];

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

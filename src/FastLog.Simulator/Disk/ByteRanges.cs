namespace FastLog.Simulator;

/// <summary>A set of byte ranges <c>[start, end)</c>, kept merged and in order. Not thread-safe.</summary>
internal sealed class ByteRanges
{
    private readonly List<(long Start, long End)> _ranges = [];

    public long Total { get; private set; }

    public void Add(long start, long end)
    {
        if (end <= start)
            return;
        int at = 0;
        while (at < _ranges.Count && _ranges[at].End < start)
            at++;
        while (at < _ranges.Count && _ranges[at].Start <= end)
        {
            start = Math.Min(start, _ranges[at].Start);
            end = Math.Max(end, _ranges[at].End);
            Total -= _ranges[at].End - _ranges[at].Start;
            _ranges.RemoveAt(at);
        }

        _ranges.Insert(at, (start, end));
        Total += end - start;
    }

    /// <summary>Takes away everything from <paramref name="from"/> on.</summary>
    public void CutFrom(long from)
    {
        while (_ranges.Count > 0 && _ranges[^1].End > from)
        {
            (long start, long end) = _ranges[^1];
            _ranges.RemoveAt(_ranges.Count - 1);
            Total -= end - start;
            if (start < from)
                Add(start, from);
        }
    }

    /// <summary>How many bytes of the range are not in the set.</summary>
    public long Missing(long start, long end)
    {
        long missing = Math.Max(0, end - start);
        foreach ((long rangeStart, long rangeEnd) in _ranges)
            missing -= Math.Max(0, Math.Min(end, rangeEnd) - Math.Max(start, rangeStart));
        return missing;
    }

    public ByteRanges Clone()
    {
        var copy = new ByteRanges { Total = Total };
        copy._ranges.AddRange(_ranges);
        return copy;
    }
}

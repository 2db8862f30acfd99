using FastLog.Primitives;
using FastLog.Storage.Disk;

namespace FastLog.Storage.Flushing;

/// <summary>
/// What of a partition was written and is not durable yet, segment by segment. The section writes, a flusher reads, so a
/// short lock guards the list; none is held over I/O.
/// </summary>
internal sealed class UnflushedRanges
{
    private readonly Lock _gate = new();
    private readonly List<Entry> _entries = [];
    private readonly List<Entry> _taken = [];

    /// <summary>A segment became the active one. What came before it is sealed.</summary>
    /// <param name="file">Its file, open for writing.</param>
    /// <param name="from">The first byte that is not durable.</param>
    /// <param name="point">Where its data ends.</param>
    /// <param name="isNew">Its header and its directory entry are not durable either.</param>
    public void Begin(IDiskFile file, FilePosition from, FlushPoint point, bool isNew)
    {
        lock (_gate)
            _entries.Add(new Entry { File = file, From = from, End = point, IsNew = isNew });
    }

    /// <summary>The active segment's data ends there now.</summary>
    public void Advance(FlushPoint point)
    {
        lock (_gate)
        {
            Entry active = _entries[^1];
            Invariant.Check(active.End.SegmentBase == point.SegmentBase);
            active.End = point;
        }
    }

    /// <summary>All below the point is durable.</summary>
    public void Ended(FlushPoint point)
    {
        lock (_gate)
        {
            // A sealed segment stays until a flush that began after its seal was written has ended in a later one.
            while (_entries.Count > 1 && _entries[0].End.SegmentBase < point.SegmentBase)
                _entries.RemoveAt(0);
            Entry first = _entries[0];
            if (first.End.SegmentBase == point.SegmentBase && point.Position > first.From)
                first.From = point.Position;
        }
    }

    /// <summary>
    /// Begins a flush: makes what must come first durable (new files with their directory entries, sealed segments as a
    /// whole), and adds the active segment's range. On a flusher's thread, one at a time.
    /// </summary>
    /// <exception cref="DiskException">What must come first could not be made durable.</exception>
    public bool Take(IDisk disk, string directory, List<FlushRange> ranges)
    {
        FlushRange range = Snapshot();
        foreach (Entry entry in _taken)
        {
            bool isActive = entry.File == range.File;
            if (isActive && !entry.IsNew)
                continue;

            // A sealed segment's seal must be durable before a point behind it is recorded, and a new file's header before its
            // directory entry leads to it.
            entry.File.FlushData();
        }

        if (_taken.Exists(static entry => entry.IsNew))
            disk.FlushDirectory(directory);
        lock (_gate)
        {
            foreach (Entry entry in _taken)
                entry.IsNew = false;
        }

        if (range.Length == 0)
            return false;
        ranges.Add(range);
        return true;
    }

    private FlushRange Snapshot()
    {
        lock (_gate)
        {
            _taken.Clear();
            _taken.AddRange(_entries);
            if (_entries.Count == 0)
                return default;
            Entry active = _entries[^1];
            return new FlushRange(active.File, active.From, active.End);
        }
    }

    private sealed class Entry
    {
        public required IDiskFile File { get; init; }

        public required FilePosition From { get; set; }

        public required FlushPoint End { get; set; }

        public required bool IsNew { get; set; }
    }
}

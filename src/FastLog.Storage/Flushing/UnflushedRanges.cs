using FastLog.Primitives;
using FastLog.Storage.Disk;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Flushing;

/// <summary>
/// What of a partition was written and is not durable yet, segment by segment. The section writes, a flusher reads, so a
/// short lock guards the list; none is held over I/O. Each segment's file is leased until its flush has ended, so that the
/// cache of open files cannot close one that a flush still has to reach.
/// </summary>
internal sealed class UnflushedRanges
{
    private readonly Lock _gate = new();
    private readonly List<Entry> _entries = [];
    private readonly List<Entry> _taken = [];

    /// <summary>A file's header and directory entry are not durable yet.</summary>
    public bool HasNew
    {
        get
        {
            lock (_gate)
                return _entries.Exists(static entry => entry.IsNew);
        }
    }

    /// <summary>A segment became the active one. What came before it is sealed.</summary>
    /// <param name="file">Its file, open for writing; the lease is handed over.</param>
    /// <param name="from">The first byte that is not durable.</param>
    /// <param name="point">Where its data ends.</param>
    /// <param name="isNew">Its header and its directory entry are not durable either.</param>
    public void Begin(SegmentHandle file, FilePosition from, FlushPoint point, bool isNew)
    {
        lock (_gate)
            _entries.Add(new Entry { Handle = file, From = from, End = point, IsNew = isNew });
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
        List<Entry>? ended = null;
        lock (_gate)
        {
            // A sealed segment stays until a flush that began after its seal was written has ended in a later one.
            while (_entries.Count > 1 && _entries[0].End.SegmentBase < point.SegmentBase)
            {
                (ended ??= []).Add(_entries[0]);
                _entries.RemoveAt(0);
            }

            // None in a log that was opened and not appended to, or is closed.
            Entry? first = _entries.Count > 0 ? _entries[0] : null;
            if (first is not null && first.End.SegmentBase == point.SegmentBase && point.Position > first.From)
                first.From = point.Position;
        }

        ReleaseAll(ended);
    }

    /// <summary>The log is being closed: no flush comes any more.</summary>
    public void Close()
    {
        List<Entry> left;
        lock (_gate)
        {
            left = [.. _entries];
            _entries.Clear();
        }

        ReleaseAll(left);
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

    // Outside of the lock: the last share closes the file.
    private static void ReleaseAll(List<Entry>? entries)
    {
        foreach (Entry entry in entries ?? [])
            entry.Handle.Release();
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
        public required SegmentHandle Handle { get; init; }

        public IDiskFile File => Handle.File;

        public required FilePosition From { get; set; }

        public required FlushPoint End { get; set; }

        public required bool IsNew { get; set; }
    }
}

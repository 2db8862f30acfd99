using FastLog.Primitives;
using FastLog.Storage.Disk;

namespace FastLog.Storage.Segments;

/// <summary>
/// One segment's data file, open only while it is used: pinned by the appender, or kept for a while by the cache of open
/// segments. Thread-safe.
/// </summary>
internal sealed class SegmentFile
{
    private readonly IDisk _disk;
    private readonly OpenSegmentCache _cache;
    private readonly Action<FilePosition, int>? _unreadable;
    private readonly Lock _gate = new();
    private SegmentHandle? _handle;
    private bool _pinned;
    private bool _closed;
    private int _handles;

    /// <param name="disk">The disk port.</param>
    /// <param name="cache">Decides how long it stays open.</param>
    /// <param name="path">The data file.</param>
    /// <param name="unreadable">Told of each run that the device cannot read, on the reader's thread.</param>
    public SegmentFile(IDisk disk, OpenSegmentCache cache, string path, Action<FilePosition, int>? unreadable)
    {
        _disk = disk;
        _cache = cache;
        _unreadable = unreadable;
        Path = path;
    }

    public string Path { get; }

    /// <summary>Opened for writing and not to be closed by the cache.</summary>
    public IDiskFile? Pinned
    {
        get
        {
            lock (_gate)
                return _pinned ? _handle!.File : null;
        }
    }

    /// <summary>A leased handle, opened if needed; null when the segment is closed for good.</summary>
    /// <exception cref="DiskException">The file could not be opened.</exception>
    public SegmentHandle? Acquire()
    {
        SegmentHandle? handle = Volatile.Read(ref _handle);
        if (handle is not null && handle.TryLease())
            return handle;
        return AcquireOpened();
    }

    /// <summary>Takes the file in as open for writing; it stays open until <see cref="Unpin"/> or <see cref="Close"/>.</summary>
    public void Pin(IDiskFile file)
    {
        SegmentHandle? former;
        lock (_gate)
        {
            Invariant.Check(!_closed);
            former = _handle;
            _handle = NewHandle(file);
            _pinned = true;
        }

        former?.ReleaseOwner();
    }

    /// <summary>From here on the cache decides how long the file stays open.</summary>
    public void Unpin()
    {
        lock (_gate)
        {
            if (!_pinned)
                return;
            _pinned = false;
        }

        _cache.Opened(this);
    }

    /// <summary>Nobody appends: it is closed when the readers that have it are done, and opened again for the next one.</summary>
    public void UnpinAndDrop()
    {
        lock (_gate)
            _pinned = false;
        Drop();
    }

    /// <summary>The cache's wish to have the file closed; not followed while it is pinned.</summary>
    public void Drop()
    {
        SegmentHandle? handle;
        lock (_gate)
        {
            if (_pinned)
                return;
            handle = _handle;
            _handle = null;
        }

        handle?.ReleaseOwner();
    }

    /// <summary>For good: no later reader gets it; those that have it finish.</summary>
    public void Close()
    {
        SegmentHandle? handle;
        lock (_gate)
        {
            _closed = true;
            _pinned = false;
            handle = _handle;
            _handle = null;
        }

        handle?.ReleaseOwner();
    }

    /// <summary>Somebody has the file open. After <see cref="Close"/>, false is for good: it may be used for other things.</summary>
    public bool IsInUse => Volatile.Read(ref _handles) > 0;

    private bool IsClosed
    {
        get
        {
            lock (_gate)
                return _closed;
        }
    }

    private SegmentHandle NewHandle(IDiskFile file)
    {
        Interlocked.Increment(ref _handles);
        return new SegmentHandle(file, _unreadable, () => Interlocked.Decrement(ref _handles));
    }

    private SegmentHandle? AcquireOpened()
    {
        // Two readers may open at once; one handle is kept. No lock is held while the file opens.
        IDiskFile opened;
        try
        {
            opened = _disk.Open(Path, DiskOpenMode.Read);
        }
        catch (DiskException) when (IsClosed)
        {
            // Closed before its file went, so whoever does not find it sees that here.
            return null;
        }

        SegmentHandle? result = null;
        bool kept = false;
        lock (_gate)
        {
            if (!_closed)
            {
                if (_handle is not null && _handle.TryLease())
                {
                    result = _handle;
                }
                else
                {
                    result = NewHandle(opened);
                    kept = result.TryLease();
                    _handle = result;
                }
            }
        }

        if (kept)
            _cache.Opened(this);
        else
            opened.Dispose();
        return result;
    }
}

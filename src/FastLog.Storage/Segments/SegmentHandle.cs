using FastLog.Primitives;
using FastLog.Storage.Disk;

namespace FastLog.Storage.Segments;

/// <summary>
/// A segment's open data file with a count of who uses it: the owner's share and one for each lease. The last one that
/// goes closes the file, so a region that is being sent never loses its file. Thread-safe.
/// </summary>
internal sealed class SegmentHandle : ILeasedFile
{
    private readonly Action<FilePosition, int>? _unreadable;
    private readonly Action? _closed;
    private int _shares = 1;
    private int _ownerGone;

    /// <param name="file">Handed over.</param>
    /// <param name="unreadable">Told of each run that the device cannot read, on the reader's thread.</param>
    /// <param name="closed">Called once, when the file was closed.</param>
    public SegmentHandle(IDiskFile file, Action<FilePosition, int>? unreadable = null, Action? closed = null)
    {
        File = file;
        _unreadable = unreadable;
        _closed = closed;
    }

    public IDiskFile File { get; }

    public FileStream? SendStream => File.SendStream;

    public int Read(FilePosition position, Span<byte> destination)
    {
        try
        {
            return File.Read(position, destination);
        }
        catch (DiskException failure) when (failure.IsUnreadable)
        {
            // Also who sends a region reads here: what cannot be sent is known to be damaged for the next one who asks.
            _unreadable?.Invoke(position, destination.Length);
            throw;
        }
    }

    /// <summary>Takes a lease; false when the file is closed or about to be.</summary>
    public bool TryLease()
    {
        int shares = Volatile.Read(ref _shares);
        while (shares > 0)
        {
            int seen = Interlocked.CompareExchange(ref _shares, shares + 1, shares);
            if (seen == shares)
                return true;
            shares = seen;
        }

        return false;
    }

    public void Release()
    {
        int left = Interlocked.Decrement(ref _shares);
        Invariant.Check(left >= 0);
        if (left > 0)
            return;
        File.Dispose();
        _closed?.Invoke();
    }

    /// <summary>Gives the owner's share up; the file closes when the last lease ends. More than one call is one.</summary>
    public void ReleaseOwner()
    {
        if (Interlocked.Exchange(ref _ownerGone, 1) == 0)
            Release();
    }
}

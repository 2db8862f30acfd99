using FastLog.Primitives;
using FastLog.Storage.Disk;

namespace FastLog.Storage.Segments;

/// <summary>
/// The file that becomes a partition's next segment: one whose segment retention freed, or one prepared ahead. Its pages are
/// warm and its blocks are there, so that neither appends nor flushes wait for them. Only ever of the same partition: every
/// batch that an earlier life left in it has a lower offset than the segment it becomes. Without a meaning after a crash: its
/// header is wiped, durably, before it can be taken, so that under its next name it is a segment that was never begun until
/// its own header is written. Thread-safe; what blocks says so.
/// </summary>
internal sealed class SpareSegment(IDisk disk, string directory)
{
    public const string FileName = "spare";

    private readonly Lock _gate = new();
    private bool _isReady;
    private bool _isBusy;
    private bool _closed;
    private long _staleEnd;

    public bool IsReady
    {
        get
        {
            lock (_gate)
                return _isReady;
        }
    }

    private string Path => $"{directory}/{FileName}";

    /// <summary>
    /// Takes the data file of a retired segment that nobody has open any more. Its index files stay the caller's. Blocks.
    /// </summary>
    /// <param name="retired">Wholly below the durable log start.</param>
    /// <param name="sizeMax">A larger file is not taken.</param>
    /// <returns>False when it is not taken: the caller deletes it.</returns>
    /// <exception cref="DiskException">The device failed; no file is left if it can be helped.</exception>
    public bool TryRecycle(Segment retired, long sizeMax)
    {
        if (retired.File.IsInUse || !disk.FileExists(retired.File.Path) || !TryBegin())
            return false;
        long length = 0;
        return Make(() =>
        {
            using (IDiskFile file = disk.Open(retired.File.Path, DiskOpenMode.ReadWrite))
                length = file.Length;
            if (length > sizeMax)
                return null;
            disk.Rename(retired.File.Path, Path);
            return disk.Open(Path, DiskOpenMode.ReadWrite);
        }, () => length);
    }

    /// <summary>Makes a new file when there is none ready. Blocks.</summary>
    /// <param name="size">Reserved for it.</param>
    /// <exception cref="DiskException">The device failed or is full; no file is left if it can be helped.</exception>
    public void Prepare(long size)
    {
        if (!TryBegin())
            return;
        Make(() =>
        {
            disk.DeleteFile(Path);
            IDiskFile file = disk.Open(Path, DiskOpenMode.CreateNew);
            try
            {
                file.Allocate(FilePosition.Zero, size);
            }
            catch
            {
                file.Dispose();
                throw;
            }

            return file;
        }, static () => 0);
    }

    /// <summary>
    /// Gives the file another name and whoever calls its content: behind a header of zeros, bytes of an earlier life up to
    /// <paramref name="staleEnd"/>. In the section.
    /// </summary>
    /// <returns>False when none is ready.</returns>
    /// <exception cref="DiskException">The device failed.</exception>
    public bool TryTake(string path, out FilePosition staleEnd)
    {
        staleEnd = default;
        if (!TryBeginUse(out long stale))
            return false;
        staleEnd = new FilePosition(stale);
        try
        {
            disk.Rename(Path, path);
        }
        finally
        {
            EndUse();
        }

        return true;
    }

    /// <summary>Deletes the file if one is ready. Blocks.</summary>
    /// <exception cref="DiskException">The device failed.</exception>
    public void Drop()
    {
        if (!TryBeginUse(out _))
            return;
        try
        {
            disk.DeleteFile(Path);
        }
        finally
        {
            EndUse();
        }
    }

    /// <summary>The log is being closed: the file goes, as a start would not take it. Blocks; nothing is prepared meanwhile.</summary>
    public void Close()
    {
        lock (_gate)
            _closed = true;
        TryDrop();
    }

    private bool TryBegin()
    {
        lock (_gate)
        {
            if (_isReady || _isBusy || _closed)
                return false;
            _isBusy = true;
            return true;
        }
    }

    /// <summary>
    /// Ends by <see cref="EndUse"/>: until the file has left its name none is made, as the one that left would be the new
    /// one, whose header is still to be wiped: under the header of the segment that it became.
    /// </summary>
    private bool TryBeginUse(out long staleEnd)
    {
        lock (_gate)
        {
            staleEnd = _staleEnd;
            if (!_isReady)
                return false;
            _isReady = false;
            _isBusy = true;
            return true;
        }
    }

    private void EndUse()
    {
        lock (_gate)
            _isBusy = false;
    }

    private bool Make(Func<IDiskFile?> open, Func<long> staleEnd)
    {
        bool isMade = false;
        try
        {
            using IDiskFile? file = open();
            if (file is null)
                return false;

            // Durable before it can be taken: under its next name the old header would be a foreign one.
            file.Write(FilePosition.Zero, new byte[SegmentLayout.HeaderSize]);
            file.FlushData();
            disk.FlushDirectory(directory);
            isMade = true;
        }
        finally
        {
            lock (_gate)
            {
                _isBusy = false;
                _isReady = isMade;
                _staleEnd = staleEnd();
            }
        }

        return isMade;
    }

    private void TryDrop()
    {
        try
        {
            Drop();
        }
        catch (DiskException)
        {
            // The next start deletes it.
        }
    }
}

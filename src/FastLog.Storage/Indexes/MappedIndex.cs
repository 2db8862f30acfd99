using FastLog.Primitives;
using FastLog.Storage.Disk;

namespace FastLog.Storage.Indexes;

/// <summary>
/// The index of an active segment: a mapping over blocks that were reserved before the mapping is touched, since a page
/// of a hole on a full device, or past the end of the file, would end the process. One appender; readers from any thread:
/// a mapping is only released when the last of them has left it.
/// </summary>
internal sealed class MappedIndex : IndexEntries, IDisposable
{
    private readonly IDiskFile _file;
    private readonly IndexHeader _header;
    private readonly int _entrySize;
    private Mapping? _mapping;
    private int _count;
    private bool _full;
    private volatile bool _gone;

    private MappedIndex(IDiskFile file, in IndexHeader header)
    {
        _file = file;
        _header = header;
        _entrySize = header.EntrySize;
    }

    /// <summary>Disposed, and its file cut and closed: nothing touches it any more.</summary>
    public bool IsGone => _gone;

    public override int Count => Volatile.Read(ref _count);

    /// <summary>
    /// Opens or makes the index file. An existing one is kept when its header matches; nothing is mapped until
    /// <see cref="Adopt"/> is told which entries are good.
    /// </summary>
    /// <exception cref="DiskException">The device failed.</exception>
    public static MappedIndex Open(IDisk disk, string path, in IndexHeader header, out int entriesInFile) =>
        new(OpenFile(disk, path, header, out entriesInFile), header);

    /// <summary>Keeps the first <paramref name="count"/> entries of the file and maps it. Once, before any other use.</summary>
    /// <exception cref="DiskException">The device failed or is full.</exception>
    public void Adopt(int count)
    {
        int end = IndexHeader.Size + (count * _entrySize);

        // What follows is cut off in the file: to zero it in the mapping would keep all pages of the step in memory.
        if (_file.Length > end)
            _file.SetLength(end);
        Grow(end);
        _header.Write(_mapping!.Region.Span);
        Volatile.Write(ref _count, count);
    }

    /// <summary>
    /// Makes room for one more entry; false when the device or the index is full: the entry is left out, and lookups walk
    /// further.
    /// </summary>
    public bool TryReserve()
    {
        if (_full)
            return false;
        int need = IndexHeader.Size + ((_count + 1) * _entrySize);
        if (need <= _mapping!.Length)
            return true;
        if (need > StorageLimits.IndexSizeMax)
            return false;
        try
        {
            Grow(need);
            return true;
        }
        catch (DiskException)
        {
            // An index is a cache: the append goes on without an entry, and so do later ones of this segment.
            _full = true;
            return false;
        }
    }

    /// <summary>Where the next entry goes; after <see cref="TryReserve"/> said yes.</summary>
    public Span<byte> Next() => _mapping!.Region.Span.Slice(IndexHeader.Size + (_count * _entrySize), _entrySize);

    /// <summary>The entry written to <see cref="Next"/> can be seen by readers.</summary>
    public void Publish() => Volatile.Write(ref _count, _count + 1);

    public override bool TryRead(int index, Span<byte> entry)
    {
        if ((uint)index >= (uint)Count)
            return false;
        while (true)
        {
            Mapping? mapping = Volatile.Read(ref _mapping);
            if (mapping is null)
                return false;
            if (!mapping.TryEnter())
                continue;
            mapping.Region.Span.Slice(IndexHeader.Size + (index * _entrySize), _entrySize).CopyTo(entry);
            mapping.Leave();
            return true;
        }
    }

    /// <summary>Unmaps when the last reader has left, cuts the file to its entries, closes it. Once.</summary>
    public void Dispose()
    {
        Mapping? mapping = Interlocked.Exchange(ref _mapping, null);
        if (mapping is null)
            CloseFile();
        else
            mapping.Retire(Trim);
    }

    private void Trim()
    {
        try
        {
            _file.SetLength(IndexHeader.Size + ((long)_count * _entrySize));
        }
        catch (DiskException)
        {
            // The zeros stay behind the entries: their check tells them apart.
        }

        CloseFile();
    }

    private void CloseFile()
    {
        _file.Dispose();
        _gone = true;
    }

    private static IDiskFile OpenFile(IDisk disk, string path, in IndexHeader header, out int entriesInFile)
    {
        entriesInFile = 0;
        if (disk.FileExists(path))
        {
            IDiskFile existing = disk.Open(path, DiskOpenMode.ReadWrite);
            try
            {
                entriesInFile = EntriesIn(existing, header);
            }
            catch (DiskException failure) when (failure.IsUnreadable)
            {
                entriesInFile = -1;
            }
            catch
            {
                existing.Dispose();
                throw;
            }

            if (entriesInFile >= 0)
                return existing;

            // Not ours, or damaged: nothing in it can be used.
            entriesInFile = 0;
            existing.Dispose();
            disk.DeleteFile(path);
        }

        return disk.Open(path, DiskOpenMode.CreateNew);
    }

    /// <summary>Less than 0 when it is not this segment's index.</summary>
    private static int EntriesIn(IDiskFile file, in IndexHeader header)
    {
        Span<byte> bytes = stackalloc byte[IndexHeader.Size];
        long length = file.Length;
        bool isOurs = length <= StorageLimits.IndexSizeMax
            && file.Read(FilePosition.Zero, bytes) == bytes.Length
            && header.Matches(bytes);
        return isOurs ? (int)((length - IndexHeader.Size) / header.EntrySize) : -1;
    }

    private void Grow(int need)
    {
        int length = (need + StorageLimits.IndexStep - 1) / StorageLimits.IndexStep * StorageLimits.IndexStep;

        // From the start, not from the old end: a hole inside of the file must get its block as well.
        _file.Allocate(FilePosition.Zero, length);
        var mapping = new Mapping(_file.Map(length), length);
        Mapping? former = Interlocked.Exchange(ref _mapping, mapping);
        former?.Retire(null);
    }

    /// <summary>One mapping and how many are inside of it; the owner counts as one.</summary>
    private sealed class Mapping(IMappedRegion region, int length)
    {
        private int _inside = 1;
        private Action? _left;

        public IMappedRegion Region => region;

        public int Length => length;

        public bool TryEnter()
        {
            int inside = Volatile.Read(ref _inside);
            while (inside > 0)
            {
                int seen = Interlocked.CompareExchange(ref _inside, inside + 1, inside);
                if (seen == inside)
                    return true;
                inside = seen;
            }

            return false;
        }

        public void Leave()
        {
            if (Interlocked.Decrement(ref _inside) > 0)
                return;
            region.Dispose();
            _left?.Invoke();
        }

        public void Retire(Action? left)
        {
            _left = left;
            Leave();
        }
    }
}

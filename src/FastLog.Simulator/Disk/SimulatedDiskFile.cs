using FastLog.Primitives;
using FastLog.Storage.Disk;

namespace FastLog.Simulator;

/// <summary>A handle of a simulated file; dead with its process.</summary>
internal sealed class SimulatedDiskFile(DiskView view, SimulatedInode inode, string path, bool writable) : IDiskFile
{
    private bool _disposed;

    public string Path { get; } = path;

    public long Length
    {
        get
        {
            lock (view.Disk.Gate)
            {
                Alive(DiskOperation.Read);
                return inode.Length;
            }
        }
    }

    public FileStream? SendStream => null;

    internal DiskView View => view;

    public int Read(FilePosition position, Span<byte> destination)
    {
        Alive(DiskOperation.Read);
        view.Begin(DiskOperation.Read, Path);
        lock (view.Disk.Gate)
        {
            if (destination.Length > 0 && !inode.IsReadable(position.Value, destination.Length))
                throw DiskErrors.Of(DiskOperation.Read, Path, DiskErrors.Io, "the device cannot read it");
            return inode.Read(position.Value, destination);
        }
    }

    public FilePosition DataEnd(FilePosition position)
    {
        Alive(DiskOperation.Read);
        lock (view.Disk.Gate)
            return new FilePosition(inode.DataEnd(position.Value));
    }

    public void Write(FilePosition position, ReadOnlySpan<byte> source)
    {
        int error = Draw(DiskOperation.Write);
        lock (view.Disk.Gate)
        {
            if (error == 0 && WriteFitting(position.Value, source) == source.Length)
                return;
            if (error != 0)
                WriteFitting(position.Value, source[..PartOf(source.Length)]);
        }

        throw Failed(DiskOperation.Write, error);
    }

    public void WriteGathered(FilePosition position, IReadOnlyList<ReadOnlyMemory<byte>> sources)
    {
        ArgumentNullException.ThrowIfNull(sources);
        int error = Draw(DiskOperation.Write);
        lock (view.Disk.Gate)
        {
            int total = sources.Sum(source => source.Length);
            int part = error == 0 ? total : PartOf(total);
            long at = position.Value;
            foreach (ReadOnlyMemory<byte> source in sources)
            {
                int wanted = (int)Math.Min(source.Length, position.Value + part - at);
                int written = WriteFitting(at, source.Span[..wanted]);
                at += written;
                if (written < source.Length)
                    break;
            }

            if (error == 0 && at == position.Value + total)
                return;
        }

        throw Failed(DiskOperation.Write, error);
    }

    public void Allocate(FilePosition position, long length)
    {
        int error = Draw(DiskOperation.Allocate);
        lock (view.Disk.Gate)
        {
            if (error == 0 && inode.BlocksMissing(position.Value, length) <= view.Disk.Volume.FreeBytes)
            {
                inode.Allocate(position.Value, length);
                return;
            }
        }

        throw Failed(DiskOperation.Allocate, error);
    }

    public void SetLength(long length)
    {
        int error = Draw(DiskOperation.SetLength);
        if (error != 0)
            throw Failed(DiskOperation.SetLength, error);
        lock (view.Disk.Gate)
        {
            if (inode.Mappings.Exists(mapped => mapped > length))
                throw view.Disk.Violation($"'{Path}' is cut to {length} below a live mapping: a touch of it is SIGBUS");
            inode.SetLength(length);
        }
    }

    public void FlushData() => Flush(DiskOperation.Flush, mappedLength: null);

    public IMappedRegion Map(int length)
    {
        Alive(DiskOperation.Open);
        lock (view.Disk.Gate)
        {
            if (length > inode.Length || !inode.IsAllocated(0, length))
                throw view.Disk.Violation($"'{Path}' is mapped to {length}, beyond its allocated bytes: a touch is SIGBUS");
            inode.Map(length);
            var mapping = new SimulatedMapping(this, inode, length);
            view.Mapped(mapping);
            return mapping;
        }
    }

    public void Dispose() => _disposed = true;

    internal void Flush(DiskOperation operation, int? mappedLength)
    {
        int error = Draw(operation);
        PendingFlush flush;
        lock (view.Disk.Gate)
            flush = mappedLength is null ? inode.BeginFlush() : inode.BeginFlushMapped(mappedLength.Value);
        view.Disk.DuringFlush?.Invoke();
        lock (view.Disk.Gate)
        {
            // The power may have gone while the flush was in flight: then it covers nothing.
            view.Alive(operation, Path);
            if (error == 0)
            {
                inode.EndFlush(flush);
                return;
            }

            inode.FailFlush(flush);
        }

        throw Failed(operation, error);
    }

    private int Draw(DiskOperation operation)
    {
        Alive(operation);
        if (!writable)
            throw DiskErrors.Of(operation, Path, DiskErrors.BadHandle, "the file was opened for reading");
        return view.Draw(operation, Path);
    }

    private void Alive(DiskOperation operation)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        view.Alive(operation, Path);
    }

    /// <summary>Writes what the device has room for; the count.</summary>
    private int WriteFitting(long position, ReadOnlySpan<byte> source)
    {
        int count = source.Length;
        long missing = inode.BlocksMissing(position, count);
        if (missing > 0)
        {
            long free = view.Disk.Volume.FreeBytes;
            while (count > 0 && missing > free)
            {
                count = Math.Max(0, count - SparseBytes.PageSize);
                missing = inode.BlocksMissing(position, count);
            }
        }

        inode.Write(position, source[..count]);
        return count;
    }

    private int PartOf(int length) => (int)view.Disk.Random.Next(length + 1L);

    private DiskException Failed(DiskOperation operation, int error) => error == 0
        ? DiskErrors.Of(operation, Path, DiskErrors.NoSpace, "no space left on the device")
        : DiskErrors.Of(operation, Path, error, "injected");
}

/// <summary>A mapping: the inode's own memory, so that reads of the file see each touch at once.</summary>
internal sealed class SimulatedMapping(SimulatedDiskFile file, SimulatedInode inode, int length) : IMappedRegion
{
    private bool _disposed;

    public Span<byte> Span
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return inode.Mapped(length);
        }
    }

    public void Flush() => file.Flush(DiskOperation.FlushMapped, length);

    public void Dispose()
    {
        lock (file.View.Disk.Gate)
        {
            if (!_disposed && inode.Mappings.Contains(length))
                inode.Unmap(length);
            _disposed = true;
        }
    }
}

using FastLog.Primitives;
using Microsoft.Win32.SafeHandles;

namespace FastLog.Storage.Disk;

/// <summary>A file of <see cref="OsDisk"/>.</summary>
internal sealed class OsDiskFile : IDiskFile
{
    private const int CopySize = 64 * 1024;

    private readonly FileStream _stream;
    private readonly SafeFileHandle _handle;

    public OsDiskFile(string path, FileStream stream)
    {
        Path = path;
        _stream = stream;
        _handle = stream.SafeFileHandle;
    }

    public string Path { get; }

    public FileStream? SendStream => _stream;

    public long Length
    {
        get
        {
            try
            {
                return RandomAccess.GetLength(_handle);
            }
            catch (Exception cause) when (OsFailure.IsOfSystem(cause))
            {
                throw OsFailure.Of("fstat", Path, cause);
            }
        }
    }

    public int Read(FilePosition position, Span<byte> destination)
    {
        int done = 0;
        try
        {
            while (done < destination.Length)
            {
                int count = RandomAccess.Read(_handle, destination[done..], position.Value + done);
                if (count == 0)
                    break;
                done += count;
            }
        }
        catch (Exception cause) when (OsFailure.IsOfSystem(cause))
        {
            throw OsFailure.Of("pread", Path, cause);
        }

        return done;
    }

    public FilePosition DataEnd(FilePosition position)
    {
        FilePosition end = position;
        long length = Length;
        while (end.Value < length)
        {
            long data = Seek(end.Value, OsNative.SeekData);
            if (data < 0)
            {
                // A file system that cannot tell has data everywhere.
                return OsFailure.LastError == OsNative.NoSuchData ? end : new FilePosition(length);
            }

            long hole = Seek(data, OsNative.SeekHole);
            if (hole <= data)
                return new FilePosition(length);
            end = new FilePosition(hole);
        }

        return end;
    }

    public void Write(FilePosition position, ReadOnlySpan<byte> source)
    {
        try
        {
            RandomAccess.Write(_handle, source, position.Value);
        }
        catch (Exception cause) when (OsFailure.IsOfSystem(cause))
        {
            throw OsFailure.Of("pwrite", Path, cause);
        }
    }

    // The runtime splits by IOV_MAX and goes on after a short write; a test runs it over a file size limit.
    public void WriteGathered(FilePosition position, IReadOnlyList<ReadOnlyMemory<byte>> sources)
    {
        try
        {
            RandomAccess.Write(_handle, sources, position.Value);
        }
        catch (Exception cause) when (OsFailure.IsOfSystem(cause))
        {
            throw OsFailure.Of("pwritev", Path, cause);
        }
    }

    public void Allocate(FilePosition position, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        while (OsNative.Allocate(_handle, 0, position.Value, length) != 0)
        {
            if (OsFailure.WasInterrupted)
                continue;
            DiskException failure = OsFailure.OfLastCall("fallocate", Path);
            if (failure.ErrorNumber != OsNative.NotSupported)
                throw failure;
            AllocateByWriting(position, length);
            return;
        }
    }

    public void SetLength(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        while (OsNative.SetLength(_handle, length) != 0)
        {
            if (!OsFailure.WasInterrupted)
                throw OsFailure.OfLastCall("ftruncate", Path);
        }
    }

    public void FlushData()
    {
        while (OsNative.FlushData(_handle) != 0)
        {
            if (!OsFailure.WasInterrupted)
                throw OsFailure.OfLastCall("fdatasync", Path);
        }
    }

    public IMappedRegion Map(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        // Touching a mapped page past the end of the file is SIGBUS, which ends the process.
        if (length > Length)
            throw new DiskException("mmap", Path, OsNative.NoSpace, "the mapping would reach past the file's end");
        return OsMappedRegion.Map(Path, _handle, length);
    }

    public void Dispose() => _stream.Dispose();

    private long Seek(long position, int whence)
    {
        long found;
        do
        {
            found = OsNative.Seek(_handle, position, whence);
        }
        while (found < 0 && OsFailure.WasInterrupted);

        return found;
    }

    // For file systems without fallocate: what is there is written again, so that holes get blocks and bytes stay.
    internal void AllocateByWriting(FilePosition position, long length)
    {
        byte[] copy = new byte[(int)Math.Min(CopySize, length)];
        for (long done = 0; done < length;)
        {
            Span<byte> part = copy.AsSpan(0, (int)Math.Min(copy.Length, length - done));
            part.Clear();
            Read(position.Plus(done), part);
            Write(position.Plus(done), part);
            done += part.Length;
        }
    }
}

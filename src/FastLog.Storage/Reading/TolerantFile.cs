using FastLog.Primitives;
using FastLog.Storage.Disk;

namespace FastLog.Storage.Reading;

/// <summary>
/// A data file of which the device cannot read all: what cannot be read comes as zeros, which are no batch, and is
/// remembered. For finding out where good data goes on. One thread.
/// </summary>
internal sealed class TolerantFile(IDiskFile file) : IDiskFile, ILeasedFile
{
    /// <summary>What a device reads or fails to read as a whole.</summary>
    public const int PageSize = 4096;

    private readonly HashSet<long> _unreadable = [];

    public string Path => file.Path;

    public long Length => file.Length;

    public FileStream? SendStream => null;

    /// <summary>True when a page in the run could not be read; only runs that were read count.</summary>
    public bool HasHole(FilePosition position, long length)
    {
        if (_unreadable.Count == 0)
            return false;
        for (long page = position.Value / PageSize; page * PageSize < position.Value + length; page++)
        {
            if (_unreadable.Contains(page))
                return true;
        }

        return false;
    }

    /// <exception cref="DiskException">It failed otherwise than by bytes that cannot be read.</exception>
    public int Read(FilePosition position, Span<byte> destination)
    {
        try
        {
            return file.Read(position, destination);
        }
        catch (DiskException failure) when (failure.IsUnreadable)
        {
            return ReadPages(position, destination);
        }
    }

    public FilePosition DataEnd(FilePosition position) => file.DataEnd(position);

    public void Release()
    {
    }

    public void Dispose()
    {
    }

    public void Write(FilePosition position, ReadOnlySpan<byte> source) => throw ForReading();

    public void WriteGathered(FilePosition position, IReadOnlyList<ReadOnlyMemory<byte>> sources) => throw ForReading();

    public void Allocate(FilePosition position, long length) => throw ForReading();

    public void SetLength(long length) => throw ForReading();

    public void FlushData() => throw ForReading();

    public IMappedRegion Map(int length) => throw ForReading();

    private int ReadPages(FilePosition position, Span<byte> destination)
    {
        int done = 0;
        while (done < destination.Length)
        {
            long at = position.Value + done;
            int size = (int)Math.Min(PageSize - (at % PageSize), destination.Length - done);
            Span<byte> part = destination.Slice(done, size);
            int count = ReadPage(new FilePosition(at), part);
            done += count;
            if (count < size)
                break;
        }

        return done;
    }

    private int ReadPage(FilePosition position, Span<byte> part)
    {
        try
        {
            return file.Read(position, part);
        }
        catch (DiskException failure) when (failure.IsUnreadable)
        {
            _unreadable.Add(position.Value / PageSize);
            part.Clear();
            return (int)Math.Min(part.Length, Math.Max(0, file.Length - position.Value));
        }
    }

    private static NotSupportedException ForReading() => new("a tolerant file is for reading");
}

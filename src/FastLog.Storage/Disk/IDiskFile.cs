using FastLog.Primitives;

namespace FastLog.Storage.Disk;

/// <summary>
/// An open file of the disk port. Reads from any thread; writes, allocation and length from one at a time; a flush may
/// run beside them (it covers what was written before it began). Failures are <see cref="DiskException"/>s.
/// </summary>
public interface IDiskFile : IDisposable
{
    string Path { get; }

    /// <summary>The size the file system reports now.</summary>
    long Length { get; }

    /// <summary>The stream for sendfile(2); null when the bytes are not in a real file.</summary>
    FileStream? SendStream { get; }

    /// <summary>Fills <paramref name="destination"/>; the answer is smaller only at the end of the file.</summary>
    int Read(FilePosition position, Span<byte> destination);

    /// <summary>
    /// Above it all bytes read as zeros, since they were reserved or left out and never written; at least the position, at most
    /// the file's length. Bytes below may be zeros too. Ask before reading: what a read brings into the cache may count as data.
    /// </summary>
    FilePosition DataEnd(FilePosition position);

    /// <summary>Writes all of it (short writes are continued).</summary>
    void Write(FilePosition position, ReadOnlySpan<byte> source);

    /// <summary>Writes the buffers one after the other from <paramref name="position"/> in one gathered write.</summary>
    void WriteGathered(FilePosition position, IReadOnlyList<ReadOnlyMemory<byte>> sources);

    /// <summary>Reserves blocks for <c>[position, position + length)</c> and extends the file to them, reading as zeros.</summary>
    void Allocate(FilePosition position, long length);

    /// <summary>Cuts or extends (as a hole) the file.</summary>
    void SetLength(long length);

    /// <summary>fdatasync: what was written before the call began survives from its return on.</summary>
    void FlushData();

    /// <summary>Maps the first <paramref name="length"/> bytes, which must have been allocated, for reading and writing.</summary>
    IMappedRegion Map(int length);
}

/// <summary>A writable mapping of the beginning of a file. Unmapped by Dispose, after which the memory is invalid.</summary>
public interface IMappedRegion : IDisposable
{
    Span<byte> Span { get; }

    /// <summary>Forces the mapped bytes to the device.</summary>
    void Flush();
}

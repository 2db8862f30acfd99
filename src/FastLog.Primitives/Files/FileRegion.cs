namespace FastLog.Primitives;

/// <summary>
/// A file whose bytes can be sent or read while a lease is held. Implemented by segments; counted, so that deletion
/// and recycling wait for readers. Thread-safe.
/// </summary>
public interface ILeasedFile
{
    /// <summary>
    /// The stream for sendfile(2): opened with <see cref="FileOptions.Asynchronous"/> and no buffer, never moved or
    /// closed by the reader. Null where the bytes are not in a real file (the simulator): copy with <see cref="Read"/>.
    /// </summary>
    FileStream? SendStream { get; }

    /// <summary>Reads up to <paramref name="destination"/>'s length; fewer only at the end of the file.</summary>
    /// <exception cref="IOException">The device failed.</exception>
    int Read(FilePosition position, Span<byte> destination);

    /// <summary>Ends one lease. Called exactly once per lease.</summary>
    void Release();
}

/// <summary>
/// A leased run of bytes of a file: handed over with its lease; the taker calls <see cref="Release"/> exactly once,
/// after the last byte was sent or read.
/// </summary>
/// <param name="File">The leased file; null in the empty region.</param>
/// <param name="Position">Where the run begins.</param>
/// <param name="Length">Its length in bytes, 0 in the empty region.</param>
public readonly record struct FileRegion(ILeasedFile? File, FilePosition Position, int Length)
{
    public static readonly FileRegion Empty;

    public bool IsEmpty => Length == 0;

    public void Release() => File?.Release();
}

using FastLog.Primitives;
using FastLog.Storage.Disk;

namespace FastLog.Storage.Indexes;

/// <summary>The index of a sealed segment, read from its file entry by entry; the file is opened for each lookup.</summary>
internal sealed class FileIndex : IndexEntries, IDisposable
{
    private readonly IDiskFile _file;
    private readonly int _entrySize;

    private FileIndex(IDiskFile file, int entrySize, int count)
    {
        _file = file;
        _entrySize = entrySize;
        Count = count;
    }

    public override int Count { get; }

    /// <summary>Null when the file is missing, of another segment, or has fewer entries than it had at the seal.</summary>
    /// <param name="disk">The disk port.</param>
    /// <param name="path">The index file.</param>
    /// <param name="header">What its header must be.</param>
    /// <param name="count">Entries that the segment's seal counts.</param>
    /// <exception cref="DiskException">The device failed.</exception>
    public static FileIndex? TryOpen(IDisk disk, string path, in IndexHeader header, int count)
    {
        if (!disk.FileExists(path))
            return null;
        IDiskFile file = disk.Open(path, DiskOpenMode.Read);
        Span<byte> bytes = stackalloc byte[IndexHeader.Size];
        bool usable = file.Read(FilePosition.Zero, bytes) == bytes.Length
            && header.Matches(bytes)
            && file.Length >= IndexHeader.Size + ((long)count * header.EntrySize);
        if (usable)
            return new FileIndex(file, header.EntrySize, count);
        file.Dispose();
        return null;
    }

    public override bool TryRead(int index, Span<byte> entry)
    {
        if ((uint)index >= (uint)Count)
            return false;
        var position = new FilePosition(IndexHeader.Size + ((long)index * _entrySize));
        return _file.Read(position, entry[.._entrySize]) == _entrySize;
    }

    public void Dispose() => _file.Dispose();
}

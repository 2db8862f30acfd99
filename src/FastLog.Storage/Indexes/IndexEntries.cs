namespace FastLog.Storage.Indexes;

/// <summary>The entries of one index, wherever they lie. Thread-safe for readers.</summary>
internal abstract class IndexEntries
{
    public abstract int Count { get; }

    /// <summary>Copies an entry; false when the index is closed or the file is shorter than it should be.</summary>
    public abstract bool TryRead(int index, Span<byte> entry);
}

/// <summary>Entries in memory: what a rebuild gives while its file cannot be written.</summary>
internal sealed class MemoryIndexEntries(byte[] entries, int entrySize, int count) : IndexEntries
{
    public override int Count => count;

    public override bool TryRead(int index, Span<byte> entry)
    {
        if ((uint)index >= (uint)count)
            return false;
        entries.AsSpan(index * entrySize, entrySize).CopyTo(entry);
        return true;
    }
}

using FastLog.Primitives;

namespace FastLog.Storage.Indexes;

/// <summary>How a search in an index ended.</summary>
internal enum IndexSearchStatus
{
    Found,

    /// <summary>All entries lie above.</summary>
    None,

    /// <summary>An entry does not check: the index is not to be trusted.</summary>
    Doubtful,
}

/// <summary>Searches in the entries of an offset index. Thread-safe as its entries are.</summary>
internal readonly struct OffsetIndex(IndexEntries entries, LogOffset segmentBase)
{
    public int Count => entries.Count;

    public bool TryGet(int index, out OffsetIndexEntry entry)
    {
        Span<byte> bytes = stackalloc byte[OffsetIndexEntry.Size];
        entry = default;
        return entries.TryRead(index, bytes) && OffsetIndexEntry.TryRead(bytes, segmentBase, out entry);
    }

    /// <summary>The last entry whose offset is at most <paramref name="offset"/>.</summary>
    public IndexSearchStatus Floor(LogOffset offset, out OffsetIndexEntry entry) =>
        Search(offset, new FilePosition(long.MaxValue), out entry, out _);

    /// <summary>The last entry whose offset is at most <paramref name="offset"/> and whose position at most <paramref name="position"/>.</summary>
    public IndexSearchStatus Floor(LogOffset offset, FilePosition position, out OffsetIndexEntry entry) =>
        Search(offset, position, out entry, out _);

    /// <summary>The first entry whose position lies above <paramref name="position"/>; its place in the index, or -1.</summary>
    public int FirstAbove(FilePosition position)
    {
        if (Search(new LogOffset(long.MaxValue), position, out _, out int at) == IndexSearchStatus.Doubtful)
            return -1;
        return at + 1 < Count ? at + 1 : -1;
    }

    private IndexSearchStatus Search(LogOffset offset, FilePosition position, out OffsetIndexEntry entry, out int at)
    {
        entry = default;
        at = -1;
        int low = 0;
        int high = entries.Count;
        while (low < high)
        {
            int middle = low + ((high - low) / 2);
            if (!TryGet(middle, out OffsetIndexEntry probe))
                return IndexSearchStatus.Doubtful;
            if (probe.Offset <= offset && probe.Position <= position)
            {
                entry = probe;
                at = middle;
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return at < 0 ? IndexSearchStatus.None : IndexSearchStatus.Found;
    }
}

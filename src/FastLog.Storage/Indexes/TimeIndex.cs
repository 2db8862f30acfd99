using FastLog.Primitives;

namespace FastLog.Storage.Indexes;

/// <summary>Searches in the entries of a time index. Thread-safe as its entries are.</summary>
internal readonly struct TimeIndex(IndexEntries entries, LogOffset segmentBase)
{
    public bool TryGet(int index, out TimeIndexEntry entry)
    {
        Span<byte> bytes = stackalloc byte[TimeIndexEntry.Size];
        entry = default;
        return entries.TryRead(index, bytes) && TimeIndexEntry.TryRead(bytes, segmentBase, out entry);
    }

    /// <summary>The last entry whose largest timestamp lies before <paramref name="at"/>: nothing up to it can match.</summary>
    public IndexSearchStatus LastBefore(Timestamp at, out TimeIndexEntry entry)
    {
        entry = default;
        bool found = false;
        int low = 0;
        int high = entries.Count;
        while (low < high)
        {
            int middle = low + ((high - low) / 2);
            if (!TryGet(middle, out TimeIndexEntry probe))
                return IndexSearchStatus.Doubtful;
            if (probe.MaxTimestamp < at)
            {
                entry = probe;
                found = true;
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return found ? IndexSearchStatus.Found : IndexSearchStatus.None;
    }
}

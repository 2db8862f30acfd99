using FastLog.Primitives;
using FastLog.Storage.Flushing;

namespace FastLog.Storage.Recovery;

/// <summary>The written bytes of many partitions, read back from their files to stand in one entry. Reused; one thread.</summary>
internal sealed class CarriedRound
{
    private byte[] _bytes = new byte[64 * 1024];

    public List<RecoveryItem> Items { get; } = [];

    public int Bytes { get; private set; }

    public void Clear()
    {
        Items.Clear();
        Bytes = 0;
    }

    /// <summary>Adds all of the ranges; false, with nothing added, when they do not fit into this round.</summary>
    /// <exception cref="Disk.DiskException">The bytes cannot be read back.</exception>
    public bool TryAdd(TopicPartition id, List<FlushRange> ranges)
    {
        long length = 0;
        foreach (FlushRange range in ranges)
            length += range.Length;
        if (Bytes + length > RecoveryLogLimits.CarriedBytesMax
            || Items.Count + ranges.Count > RecoveryLogLimits.EntryItemsMax)
        {
            return false;
        }

        Grow(Bytes + (int)length + RecoveryLogLayout.EntryAlignment);
        int at = Bytes;
        foreach (FlushRange range in ranges)
        {
            Span<byte> place = _bytes.AsSpan(at, (int)range.Length);
            if (range.File.Read(range.From, place) != place.Length)
                throw new Disk.DiskException("pread", range.File.Path, 0, "bytes that were written are not in the file");
            at += place.Length;
        }

        foreach (FlushRange range in ranges)
            Items.Add(new RecoveryItem(id, range.End, range.From));
        Bytes = at;
        return true;
    }

    /// <summary>The bytes with zeros behind them up to a length, at most 7 more.</summary>
    public ReadOnlyMemory<byte> Padded(int length)
    {
        _bytes.AsSpan(Bytes, length - Bytes).Clear();
        return _bytes.AsMemory(0, length);
    }

    private void Grow(int size)
    {
        if (_bytes.Length < size)
            Array.Resize(ref _bytes, Math.Max(size, _bytes.Length * 2));
    }
}

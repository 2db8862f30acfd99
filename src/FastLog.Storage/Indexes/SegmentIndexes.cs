using FastLog.Primitives;

namespace FastLog.Storage.Indexes;

/// <summary>The entries of both indexes of a segment in memory, aligned: entry i of both names the same batch.</summary>
internal sealed class IndexImage
{
    private byte[] _offsets;
    private byte[] _times;

    public IndexImage(int capacity)
    {
        _offsets = new byte[Math.Max(1, capacity) * OffsetIndexEntry.Size];
        _times = new byte[Math.Max(1, capacity) * TimeIndexEntry.Size];
    }

    public int Count { get; private set; }

    public ReadOnlySpan<byte> OffsetBytes => _offsets.AsSpan(0, Count * OffsetIndexEntry.Size);

    public ReadOnlySpan<byte> TimeBytes => _times.AsSpan(0, Count * TimeIndexEntry.Size);

    public MemoryIndexEntries Offsets => new(_offsets, OffsetIndexEntry.Size, Count);

    public MemoryIndexEntries Times => new(_times, TimeIndexEntry.Size, Count);

    public void Add(LogOffset segmentBase, in OffsetIndexEntry offset, in TimeIndexEntry time)
    {
        if ((Count + 1) * OffsetIndexEntry.Size > _offsets.Length)
        {
            Array.Resize(ref _offsets, _offsets.Length * 2);
            Array.Resize(ref _times, _times.Length * 2);
        }

        offset.Write(_offsets.AsSpan(Count * OffsetIndexEntry.Size), segmentBase);
        time.Write(_times.AsSpan(Count * TimeIndexEntry.Size), segmentBase);
        Count++;
    }
}

/// <summary>What a check or rebuild of a segment's indexes gave.</summary>
/// <param name="Image">The entries.</param>
/// <param name="MaxTimestamp">The largest timestamp of the segment's batches.</param>
/// <param name="LastAppend">When the last known append was.</param>
/// <param name="LastEpoch">Leader epoch of the last batch; none in an empty segment.</param>
/// <param name="ChainCrc">The chain CRC at the end.</param>
/// <param name="Written">False when the files could not be written: use the image.</param>
/// <param name="Defects">Where the headers do not lead on, or not to the known end.</param>
internal sealed record IndexCheck(
    IndexImage Image,
    Timestamp MaxTimestamp,
    Timestamp LastAppend,
    LeaderEpoch LastEpoch,
    uint ChainCrc,
    bool Written,
    IReadOnlyList<LogDefect> Defects);

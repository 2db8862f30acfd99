using System.Security.Cryptography;
using FastLog.Primitives;

namespace FastLog.Simulator;

/// <summary>
/// A file without its name: what reads see, what the device holds, and which sectors may differ. Not thread-safe.
/// </summary>
internal sealed class SimulatedInode
{
    public const int SectorSize = 512;

    private SparseBytes _current = new();
    private SparseBytes _durable = new();
    private SortedSet<long> _touched = [];
    private ByteRanges _allocated = new();

    // Sectors that a failed flush left marked clean: their content then. Only another write makes them dirty again.
    private SortedDictionary<long, byte[]> _markedClean = [];

    // Pages that the device cannot read; a write gives them a new place.
    private readonly SortedSet<long> _unreadable = [];

    public long Length { get; private set; }

    public long DurableLength { get; private set; }

    public long AllocatedBytes => _allocated.Total;

    /// <summary>The lengths of the live mappings.</summary>
    public List<int> Mappings { get; } = [];

    public int Read(long position, Span<byte> destination)
    {
        int count = (int)Math.Clamp(Length - position, 0, destination.Length);
        _current.Read(position, destination[..count]);
        return count;
    }

    /// <summary>Where the last page from a position on ends that is not all zeros, or that the device cannot read.</summary>
    public long DataEnd(long position)
    {
        Span<byte> page = stackalloc byte[SparseBytes.PageSize];
        long end = position;
        for (long at = position; at < Length;)
        {
            long next = ((at / SparseBytes.PageSize) + 1) * SparseBytes.PageSize;
            int count = Read(at, page[..(int)(next - at)]);
            if (page[..count].ContainsAnyExcept((byte)0) || !IsReadable(at, count))
                end = at + count;
            at = next;
        }

        return end;
    }

    public void MakeUnreadable(long position, long length)
    {
        for (long page = position / SparseBytes.PageSize; page * SparseBytes.PageSize < position + length; page++)
            _unreadable.Add(page);
    }

    public void MakeReadable() => _unreadable.Clear();

    public bool IsReadable(long position, long length) =>
        _unreadable.Count == 0
        || _unreadable.GetViewBetween(position / SparseBytes.PageSize, (position + length - 1) / SparseBytes.PageSize).Count == 0;

    public int ReadDurable(long position, Span<byte> destination)
    {
        int count = (int)Math.Clamp(DurableLength - position, 0, destination.Length);
        _durable.Read(position, destination[..count]);
        return count;
    }

    /// <summary>Blocks that a write of the range would still have to take from the device.</summary>
    public long BlocksMissing(long position, long length) =>
        length == 0 ? 0 : _allocated.Missing(BlockStart(position), BlockEnd(position + length));

    public bool IsAllocated(long position, long length) => _allocated.Missing(position, position + length) == 0;

    public void Write(long position, ReadOnlySpan<byte> source)
    {
        if (source.IsEmpty)
            return;
        _current.Write(position, source);
        for (long page = position / SparseBytes.PageSize; page * SparseBytes.PageSize < position + source.Length; page++)
            _unreadable.Remove(page);
        Touch(position, source.Length);
        _allocated.Add(BlockStart(position), BlockEnd(position + source.Length));
        Length = Math.Max(Length, position + source.Length);
    }

    public void Allocate(long position, long length)
    {
        _allocated.Add(BlockStart(position), BlockEnd(position + length));
        Length = Math.Max(Length, position + length);
    }

    public void SetLength(long length)
    {
        if (length < Length)
        {
            for (long sector = length / SectorSize; sector * SectorSize < Length; sector++)
                if (SectorDiffersFromZero(sector))
                    _touched.Add(sector);
            _current.CutFrom(length);
            _allocated.CutFrom(BlockEnd(length));
        }

        Length = length;
    }

    public void Map(int length)
    {
        Mappings.Add(length);
        _current.Map(length);
    }

    public Span<byte> Mapped(int length) => _current.Mapped(length);

    public void Unmap(int length)
    {
        TouchMapped();
        Mappings.Remove(length);
        if (Mappings.Count == 0)
            _current.Unmap();
    }

    /// <summary>A flush of all begins: takes what it covers.</summary>
    public PendingFlush BeginFlush() => BeginFlush(Length, Length);

    /// <summary>A flush of a mapping begins: it covers the mapped bytes alone.</summary>
    public PendingFlush BeginFlushMapped(int length) =>
        BeginFlush(length, Math.Max(DurableLength, Math.Min(Length, length)));

    /// <summary>The flush ended well: what it covered is durable; what was written since stays pending.</summary>
    public void EndFlush(PendingFlush flush)
    {
        Span<byte> now = stackalloc byte[SectorSize];
        foreach ((long sector, byte[] bytes) in flush.Sectors)
        {
            _durable.Write(sector * SectorSize, bytes);
            _markedClean.Remove(sector);
            _current.Read(sector * SectorSize, now);
            if (now.SequenceEqual(bytes))
                _touched.Remove(sector);
        }

        DurableLength = flush.Length;
        _durable.CutFrom(DurableLength);
    }

    /// <summary>The flush failed: the kernel marks the pages clean, and no later flush writes them.</summary>
    public void FailFlush(PendingFlush flush)
    {
        foreach ((long sector, byte[] bytes) in flush.Sectors)
            _markedClean[sector] = bytes;
    }

    /// <summary>Sectors whose bytes on the device differ from what reads see, ascending.</summary>
    public IReadOnlyList<long> PendingSectors() => DirtySectors();

    /// <summary>The device lost power: what was pending survives or not; the file is then as the device holds it.</summary>
    public void PowerCut(Prng random, PowerCutOutcome outcome)
    {
        Mappings.Clear();
        PowerCutStyle style = PowerCutStyle.Draw(random, outcome);
        foreach (long sector in DirtySectors())
        {
            byte[] old = new byte[SectorSize];
            _durable.Read(sector * SectorSize, old);
            _durable.Write(sector * SectorSize, style.Survivor(random, old, CurrentSector(sector)));
        }

        Restart(style.SurvivingLength(random, DurableLength, Length));
    }

    /// <summary>The device lost power: exactly these sectors, and the length or not, survive.</summary>
    public void PowerCut(IReadOnlySet<long> keptSectors, bool keptLength)
    {
        Mappings.Clear();
        foreach (long sector in DirtySectors())
            if (keptSectors.Contains(sector))
                _durable.Write(sector * SectorSize, CurrentSector(sector));
        Restart(keptLength ? Length : DurableLength);
    }

    /// <summary>Adds length and bytes, as reads see them, to a hash; pages of zeros count as none.</summary>
    public void AddTo(IncrementalHash hash)
    {
        hash.AppendData(BitConverter.GetBytes(Length));
        _current.AddTo(hash);
    }

    /// <summary>Flips bits of one byte, on the device and in what reads see.</summary>
    public void Flip(long position, byte mask)
    {
        Span<byte> one = stackalloc byte[1];
        _current.Read(position, one);
        one[0] ^= mask;
        _current.Write(position, one);
        _durable.Read(position, one);
        one[0] ^= mask;
        _durable.Write(position, one);
    }

    public SimulatedInode Clone()
    {
        TouchMapped();
        var copy = new SimulatedInode
        {
            _current = _current.Clone(),
            _durable = _durable.Clone(),
            _touched = [.. _touched],
            _allocated = _allocated.Clone(),
            Length = Length,
            DurableLength = DurableLength,
        };
        foreach ((long sector, byte[] bytes) in _markedClean)
            copy._markedClean.Add(sector, bytes);
        copy._unreadable.UnionWith(_unreadable);
        return copy;
    }

    private void Restart(long length)
    {
        _durable.CutFrom(length);
        DurableLength = length;
        Length = length;
        _current = _durable.Clone();
        _touched = [];
        _markedClean = [];
        _allocated.CutFrom(BlockEnd(length));
    }

    private PendingFlush BeginFlush(long end, long length)
    {
        var covered = new List<(long Sector, byte[] Bytes)>();
        foreach (long sector in DirtySectors())
            if (sector * SectorSize < end)
                covered.Add((sector, CurrentSector(sector)));
        return new PendingFlush(covered, length);
    }

    private List<long> DirtySectors()
    {
        TouchMapped();
        var dirty = new List<long>();
        Span<byte> durable = stackalloc byte[SectorSize];
        foreach (long sector in _touched)
        {
            byte[] current = CurrentSector(sector);
            if (_markedClean.TryGetValue(sector, out byte[]? clean) && clean.AsSpan().SequenceEqual(current))
                continue;
            _durable.Read(sector * SectorSize, durable);
            if (!durable.SequenceEqual(current))
                dirty.Add(sector);
        }

        return dirty;
    }

    private void TouchMapped()
    {
        Span<byte> current = stackalloc byte[SectorSize];
        Span<byte> durable = stackalloc byte[SectorSize];
        for (long sector = 0; sector * SectorSize < _current.MappedLength; sector++)
        {
            _current.Read(sector * SectorSize, current);
            _durable.Read(sector * SectorSize, durable);
            if (!current.SequenceEqual(durable))
                _touched.Add(sector);
        }
    }

    private bool SectorDiffersFromZero(long sector)
    {
        Span<byte> bytes = stackalloc byte[SectorSize];
        _current.Read(sector * SectorSize, bytes);
        if (bytes.ContainsAnyExcept((byte)0))
            return true;
        _durable.Read(sector * SectorSize, bytes);
        return bytes.ContainsAnyExcept((byte)0);
    }

    private byte[] CurrentSector(long sector)
    {
        byte[] bytes = new byte[SectorSize];
        _current.Read(sector * SectorSize, bytes);
        return bytes;
    }

    private void Touch(long position, int length)
    {
        for (long sector = position / SectorSize; sector * SectorSize < position + length; sector++)
        {
            _touched.Add(sector);
            _markedClean.Remove(sector);
        }
    }

    private static long BlockStart(long position) => position / SparseBytes.PageSize * SparseBytes.PageSize;

    private static long BlockEnd(long position) =>
        (position + SparseBytes.PageSize - 1) / SparseBytes.PageSize * SparseBytes.PageSize;
}

/// <summary>What a flush that has begun covers.</summary>
internal sealed record PendingFlush(List<(long Sector, byte[] Bytes)> Sectors, long Length);

using System.Security.Cryptography;
using FastLog.Primitives;

namespace FastLog.Simulator;

/// <summary>
/// Bytes without an end, zero where nothing was written, in pages that a clone shares until one side writes. The beginning
/// may be held as one array, for a mapping. Not thread-safe.
/// </summary>
internal sealed class SparseBytes
{
    public const int PageSize = 4096;

    private readonly Dictionary<long, byte[]> _pages = [];
    private readonly HashSet<long> _owned = [];
    private byte[]? _mapped;

    /// <summary>Length of the part held as one array, 0 without one.</summary>
    public int MappedLength => _mapped?.Length ?? 0;

    public void Read(long position, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            if (position < MappedLength)
            {
                int mapped = (int)Math.Min(destination.Length, MappedLength - position);
                _mapped.AsSpan((int)position, mapped).CopyTo(destination);
                destination = destination[mapped..];
                position += mapped;
                continue;
            }

            (long page, long inside) = Math.DivRem(position, PageSize);
            int count = (int)Math.Min(destination.Length, PageSize - inside);
            if (_pages.TryGetValue(page, out byte[]? bytes))
                bytes.AsSpan((int)inside, count).CopyTo(destination);
            else
                destination[..count].Clear();
            destination = destination[count..];
            position += count;
        }
    }

    public void Write(long position, ReadOnlySpan<byte> source)
    {
        while (!source.IsEmpty)
        {
            if (position < MappedLength)
            {
                int mapped = (int)Math.Min(source.Length, MappedLength - position);
                source[..mapped].CopyTo(_mapped.AsSpan((int)position));
                source = source[mapped..];
                position += mapped;
                continue;
            }

            (long page, long inside) = Math.DivRem(position, PageSize);
            int count = (int)Math.Min(source.Length, PageSize - inside);
            source[..count].CopyTo(OwnedPage(page).AsSpan((int)inside));
            source = source[count..];
            position += count;
        }
    }

    /// <summary>Zeroes everything from <paramref name="from"/> on.</summary>
    public void CutFrom(long from)
    {
        if (from < MappedLength)
            _mapped.AsSpan((int)from).Clear();
        foreach (long page in _pages.Keys.Where(page => (page + 1) * PageSize > from).ToArray())
        {
            long start = page * PageSize;
            if (start >= from)
            {
                _pages.Remove(page);
                _owned.Remove(page);
            }
            else
            {
                OwnedPage(page).AsSpan((int)(from - start)).Clear();
            }
        }
    }

    /// <summary>Holds the first bytes as one array, of at least this length.</summary>
    public void Map(int length)
    {
        if (length <= MappedLength)
            return;
        byte[] mapped = new byte[length];
        Read(0, mapped);
        _mapped = mapped;
    }

    public Span<byte> Mapped(int length) => _mapped.AsSpan(0, length);

    /// <summary>Moves the array's bytes back into pages.</summary>
    public void Unmap()
    {
        byte[]? mapped = _mapped;
        _mapped = null;
        if (mapped is not null)
            Write(0, mapped);
    }

    /// <summary>Adds each page that is not all zero, with its number, to a hash. Not while a part is held as one array.</summary>
    public void AddTo(IncrementalHash hash)
    {
        Invariant.Check(_mapped is null);
        foreach (long page in _pages.Keys.Order())
        {
            if (!_pages[page].AsSpan().ContainsAnyExcept((byte)0))
                continue;
            hash.AppendData(BitConverter.GetBytes(page));
            hash.AppendData(_pages[page]);
        }
    }

    public SparseBytes Clone()
    {
        var copy = new SparseBytes();
        foreach ((long page, byte[] bytes) in _pages)
            copy._pages.Add(page, bytes);
        _owned.Clear();
        if (_mapped is not null)
            copy.Write(0, _mapped);
        return copy;
    }

    private byte[] OwnedPage(long page)
    {
        if (_owned.Contains(page))
            return _pages[page];
        byte[] bytes = _pages.TryGetValue(page, out byte[]? shared) ? (byte[])shared.Clone() : new byte[PageSize];
        _pages[page] = bytes;
        _owned.Add(page);
        return bytes;
    }
}

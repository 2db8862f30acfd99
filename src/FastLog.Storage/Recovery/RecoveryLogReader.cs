using FastLog.Primitives;
using FastLog.Storage.Disk;
using static FastLog.Storage.Recovery.RecoveryLogLayout;

namespace FastLog.Storage.Recovery;

/// <summary>Takes the entries of a recovery log file in their order.</summary>
internal interface IRecoveryEntryTarget
{
    /// <param name="header">A checked entry's header.</param>
    /// <param name="entry">The whole entry; borrowed for the call.</param>
    /// <param name="at">Where it begins in the file.</param>
    void Apply(in RecoveryEntryHeader header, ReadOnlySpan<byte> entry, FilePosition at);
}

/// <summary>
/// Reads a recovery log file to its end. The end is the first place without a valid entry, unless that place lies below
/// what was durable, which a later valid entry or the file's header proves: then it is a defect, which is reported, and
/// reading goes on at the next valid entry. One thread.
/// </summary>
internal sealed class RecoveryLogReader
{
    private readonly FileWindow _window;
    private readonly RecoveryFileHeader _header;
    private readonly IRecoveryEntryTarget _target;
    private readonly List<string> _defects;
    private readonly string _path;
    private FilePosition? _durableEnd;

    public RecoveryLogReader(
        IDiskFile file, in RecoveryFileHeader header, IRecoveryEntryTarget target, List<string> defects)
    {
        _window = new FileWindow(file);
        _header = header;
        _target = target;
        _defects = defects;
        _path = file.Path;
    }

    public void ReadAll()
    {
        FilePosition at = new(FileHeaderSize);
        ulong expected = 0;
        while (true)
        {
            if (TryRead(at, out RecoveryEntryHeader header, out ReadOnlySpan<byte> entry) && header.Sequence == expected)
            {
                _target.Apply(header, entry, at);
                expected++;
                at = at.Plus(header.Size);
                continue;
            }

            // Nothing proves that this place was ever durable: the end, or residue of a round that was never reported.
            if (at >= DurableEnd(at))
                return;
            FilePosition? next = NextEntry(at, expected, out ulong sequence);
            _defects.Add(next is null
                ? $"{_path}: bytes {at} to {DurableEnd(at)} were durable and are not readable"
                : $"{_path}: bytes {at} to {next} were durable and are not readable (entries {expected} to {sequence - 1})");
            if (next is null)
                return;
            at = next.Value;
            expected = sequence;
        }
    }

    // Found once, by a walk over all that follows the first place without a valid entry.
    private FilePosition DurableEnd(FilePosition at)
    {
        if (_durableEnd is { } known)
            return known;
        FilePosition end = _header.SnapshotEnd;
        ulong sequence = 0;
        for (FilePosition? next = NextEntry(at, sequence, out sequence); next is not null;)
        {
            _ = TryRead(next.Value, out RecoveryEntryHeader header, out _);
            if (header.DurableEnd > end)
                end = header.DurableEnd;
            next = NextEntry(next.Value.Plus(header.Size - EntryAlignment), sequence + 1, out sequence);
        }

        _durableEnd = end;
        return end;
    }

    private FilePosition? NextEntry(FilePosition after, ulong sequenceMin, out ulong sequence)
    {
        for (FilePosition at = after.Plus(EntryAlignment); _window.SkipZeros(ref at);)
        {
            if (TryRead(at, out RecoveryEntryHeader header, out _) && header.Sequence >= sequenceMin)
            {
                sequence = header.Sequence;
                return at;
            }

            at = at.Plus(EntryAlignment);
        }

        sequence = 0;
        return null;
    }

    private bool TryRead(FilePosition at, out RecoveryEntryHeader header, out ReadOnlySpan<byte> entry)
    {
        entry = default;
        if (!RecoveryEntryHeader.TryRead(_window.Get(at, EntryHeaderSize), _header.FileId, out header))
            return false;
        // An entry cannot know more to be durable than what lies before it.
        if (header.DurableEnd > at)
            return false;
        entry = _window.Get(at, header.Size);
        return entry.Length == header.Size && header.IsValid(entry);
    }
}

/// <summary>A moving window on a file's bytes. One thread.</summary>
internal sealed class FileWindow(IDiskFile file)
{
    private const int SizeMin = 64 * 1024;

    // What is reserved behind the entries need not be read to be known as zeros.
    private readonly FilePosition _dataEnd = file.DataEnd(FilePosition.Zero);
    private byte[] _buffer = new byte[SizeMin];
    private FilePosition _start;
    private int _count;

    /// <summary>The bytes from a position; fewer at the end of the file. Valid until the next call.</summary>
    public ReadOnlySpan<byte> Get(FilePosition at, int length)
    {
        if (at < _start || at.Plus(length) > _start.Plus(_count))
            Load(at, length);
        int skip = (int)at.Since(_start);
        return _buffer.AsSpan(skip, Math.Min(length, _count - skip));
    }

    /// <summary>Moves to the next aligned place that does not begin with zeros; false when there is none.</summary>
    public bool SkipZeros(ref FilePosition at)
    {
        while (true)
        {
            if (at < _start || at >= _start.Plus(_count))
            {
                if (at >= _dataEnd)
                    return false;
                Load(at, SizeMin);
            }

            ReadOnlySpan<byte> rest = _buffer.AsSpan((int)at.Since(_start), (int)(_start.Value + _count - at.Value));
            if (rest.IsEmpty)
                return false;
            int skip = rest.IndexOfAnyExcept((byte)0);
            if (skip >= 0)
            {
                at = at.Plus(skip / EntryAlignment * EntryAlignment);
                return true;
            }

            at = at.Plus((rest.Length + EntryAlignment - 1) / EntryAlignment * EntryAlignment);
        }
    }

    private void Load(FilePosition at, int length)
    {
        if (_buffer.Length < length)
            _buffer = new byte[length];
        _start = at;
        _count = file.Read(at, _buffer);
    }
}

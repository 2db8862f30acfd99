using FastLog.Primitives;
using FastLog.Storage.Disk;
using static FastLog.Storage.Recovery.RecoveryLogLayout;

namespace FastLog.Storage.Recovery;

/// <summary>The recovery log file that is being written. One thread at a time.</summary>
internal sealed class RecoveryLogFile : IDisposable
{
    public const string Suffix = ".recovery";

    private readonly IDiskFile _file;
    private readonly ulong _fileId;
    private readonly long _size;
    private readonly List<ReadOnlyMemory<byte>> _parts = [];
    private byte[] _head = new byte[4096];
    private FilePosition _end = new(FileHeaderSize);
    private FilePosition _durableEnd;
    private ulong _sequence;

    private RecoveryLogFile(IDiskFile file, ulong generation, ulong fileId, long size)
    {
        _file = file;
        _fileId = fileId;
        _size = size;
        Generation = generation;
    }

    public ulong Generation { get; }

    public static string Name(ulong generation) => $"{generation:x16}{Suffix}";

    public static int EntrySize(int items, int carriedBytes) =>
        Aligned(EntryHeaderSize + (items * ItemSize) + carriedBytes);

    /// <summary>
    /// Makes a file that begins with the given entries. It gets its name when all of it is durable, so a file with
    /// the name is whole up to there. Null when the device has no room for it.
    /// </summary>
    public static RecoveryLogFile? TryCreate(
        IDisk disk, string directory, ulong generation, ulong oldestGeneration, ulong fileId, long size,
        List<PointNote> notes)
    {
        string path = $"{directory}/{Name(generation)}";
        string temporary = path + AtomicFile.TemporarySuffix;
        disk.DeleteFile(temporary);
        IDiskFile raw = disk.Open(temporary, DiskOpenMode.CreateNew);
        var file = new RecoveryLogFile(raw, generation, fileId, size);
        try
        {
            if (!HasAllocated(disk, raw, size))
                return null;
            file.Append(notes);
            byte[] header = new byte[FileHeaderSize];
            new RecoveryFileHeader(generation, oldestGeneration, fileId, file._end).Write(header);
            raw.Write(FilePosition.Zero, header);
            file.Flush();
            disk.Rename(temporary, path);
            disk.FlushDirectory(directory);
            return file;
        }
        catch (DiskException)
        {
            raw.Dispose();
            throw;
        }
    }

    // Only here may a full device be survived: later the file may have its name, and then it counts.
    private static bool HasAllocated(IDisk disk, IDiskFile file, long size)
    {
        try
        {
            file.Allocate(FilePosition.Zero, size);
            return true;
        }
        catch (DiskException failure) when (failure.IsDiskFull)
        {
            file.Dispose();
            disk.DeleteFile(file.Path);
            return false;
        }
    }

    public bool HasRoom(long bytes) => _end.Value + bytes <= _size;

    /// <summary>Writes the notes in their order, as many of one kind in one entry as stand together.</summary>
    public void Append(List<PointNote> notes)
    {
        for (int from = 0; from < notes.Count;)
        {
            int to = from + 1;
            while (to < notes.Count && notes[to].Kind == notes[from].Kind && to - from < RecoveryLogLimits.EntryItemsMax)
                to++;
            Span<byte> items = Items(to - from);
            for (int i = from; i < to; i++)
                new RecoveryItem(notes[i].Id, notes[i].Point, FilePosition.Zero).Write(items[((i - from) * ItemSize)..]);
            WriteEntry(notes[from].Kind, to - from, ReadOnlyMemory<byte>.Empty);
            from = to;
        }
    }

    /// <summary>Writes an entry that carries bytes.</summary>
    public void Append(CarriedRound round)
    {
        Span<byte> items = Items(round.Items.Count);
        for (int i = 0; i < round.Items.Count; i++)
            round.Items[i].Write(items[(i * ItemSize)..]);
        int headSize = EntryHeaderSize + items.Length;
        int carried = Aligned(headSize + round.Bytes) - headSize;
        WriteEntry(RecoveryEntryKind.Carried, round.Items.Count, round.Padded(carried));
    }

    /// <summary>Makes all that was appended durable.</summary>
    public void Flush()
    {
        FilePosition end = _end;
        _file.FlushData();
        _durableEnd = end;
    }

    public void Dispose() => _file.Dispose();

    private Span<byte> Items(int count)
    {
        int size = EntryHeaderSize + (count * ItemSize);
        if (_head.Length < size)
            _head = new byte[Math.Max(size, _head.Length * 2)];
        Span<byte> items = _head.AsSpan(EntryHeaderSize, count * ItemSize);
        items.Clear();
        return items;
    }

    private void WriteEntry(RecoveryEntryKind kind, int count, ReadOnlyMemory<byte> carried)
    {
        int headSize = EntryHeaderSize + (count * ItemSize);
        int size = Aligned(headSize + carried.Length);
        Memory<byte> head = _head.AsMemory(0, headSize);
        new RecoveryEntryHeader(size, _fileId, _sequence, _durableEnd, kind, count).Write(head.Span, carried.Span);
        _parts.Clear();
        _parts.Add(head);
        if (!carried.IsEmpty)
            _parts.Add(carried);
        _file.WriteGathered(_end, _parts);
        _end = _end.Plus(size);
        _sequence++;
    }
}

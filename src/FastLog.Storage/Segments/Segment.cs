using FastLog.Primitives;
using FastLog.Storage.Disk;
using FastLog.Storage.Indexes;

namespace FastLog.Storage.Segments;

/// <summary>
/// What the active and a sealed segment have in common: a data file to lease and two indexes to look into. Reads from any
/// thread.
/// </summary>
internal abstract class Segment
{
    private IndexEntries? _offsets;
    private IndexEntries? _times;
    private int _entriesInFiles;
    private volatile bool _retired;

    protected Segment(SegmentContext context, LogOffset baseOffset, Timestamp created, SegmentFile file)
    {
        Context = context;
        BaseOffset = baseOffset;
        Created = created;
        File = file;
    }

    public LogOffset BaseOffset { get; }

    /// <summary>When its first append was, by the retention clock.</summary>
    public Timestamp Created { get; }

    public SegmentFile File { get; }

    /// <summary>Where its data ends now.</summary>
    public abstract SegmentEnd End { get; }

    /// <summary>The largest timestamp of its batches.</summary>
    public abstract Timestamp MaxTimestamp { get; }

    /// <summary>When its last append was, by the retention clock.</summary>
    public abstract Timestamp LastAppend { get; }

    protected SegmentContext Context { get; }

    /// <summary>Held while index files are made or opened for appends, so that no repair works on the same files.</summary>
    protected Lock IndexGate { get; } = new();

    /// <summary>The chain CRC at its end, where it cannot move any more.</summary>
    protected virtual uint? FinalChainCrc => null;

    /// <summary>The last entry at or below offset and position, checked; None when the walk must begin at the data's start.</summary>
    /// <exception cref="DiskException">The device could not read.</exception>
    public IndexSearchStatus Floor(LogOffset offset, FilePosition position, out OffsetIndexEntry entry)
    {
        try
        {
            using OpenedIndex index = Open(IndexKind.Offset);
            if (index.Entries is not null)
                return new OffsetIndex(index.Entries, BaseOffset).Floor(offset, position, out entry);
        }
        catch (DiskException failure) when (failure.IsUnreadable)
        {
            // An index is a cache: what cannot be read is made anew.
        }

        entry = default;
        return IndexSearchStatus.Doubtful;
    }

    /// <summary>The first entry above a position: where good data may go on behind a damaged run.</summary>
    public bool TryEntryAbove(FilePosition position, out OffsetIndexEntry entry)
    {
        entry = default;
        try
        {
            using OpenedIndex opened = Open(IndexKind.Offset);
            if (opened.Entries is null)
                return false;
            var index = new OffsetIndex(opened.Entries, BaseOffset);
            int at = index.FirstAbove(position);
            return at >= 0 && index.TryGet(at, out entry);
        }
        catch (DiskException failure) when (failure.IsUnreadable)
        {
            return false;
        }
    }

    /// <summary>The last time entry before a time; None when the walk must begin at the data's start.</summary>
    public IndexSearchStatus LastBefore(Timestamp at, out TimeIndexEntry entry)
    {
        try
        {
            using OpenedIndex index = Open(IndexKind.Time);
            if (index.Entries is not null)
                return new TimeIndex(index.Entries, BaseOffset).LastBefore(at, out entry);
        }
        catch (DiskException failure) when (failure.IsUnreadable)
        {
            // As above.
        }

        entry = default;
        return IndexSearchStatus.Doubtful;
    }

    /// <summary>
    /// It is no more part of its log: no later reader gets its file (those that have it finish), and no repair of its
    /// indexes begins. Before its files are deleted, replaced or used again.
    /// </summary>
    public void Retire()
    {
        File.Close();
        _retired = true;
    }

    /// <summary>
    /// Deletes the files of a segment that is retired, after a repair of its indexes that may be under way. Not durable before
    /// the directory is flushed. On a thread that may block.
    /// </summary>
    /// <exception cref="DiskException">The device failed: some may be left.</exception>
    public void DeleteFiles()
    {
        Invariant.Check(_retired);
        lock (IndexGate)
        {
            Context.Disk.DeleteFile(File.Path);
            DropIndexFiles();
        }
    }

    /// <summary>Ends when no repair of its indexes is under way: of a segment that is retired, none begins any more. Blocks.</summary>
    public void AwaitIndexes()
    {
        Invariant.Check(_retired);
        lock (IndexGate)
        {
        }
    }

    /// <summary>Deletes its index files; a look-up that needs them makes them anew.</summary>
    /// <exception cref="DiskException">The device failed: some may be left.</exception>
    public void DropIndexFiles()
    {
        Context.Disk.DeleteFile(SegmentName.OffsetIndex(Context.Directory, BaseOffset));
        Context.Disk.DeleteFile(SegmentName.TimeIndex(Context.Directory, BaseOffset));
    }

    /// <summary>
    /// The indexes are doubtful: mends them from the data. One caller at a time; the others wait, since they need the
    /// same. An index that is being appended to is left alone: lookups walk instead.
    /// </summary>
    public void RepairIndexes(ILeasedFile data)
    {
        lock (IndexGate)
        {
            if (_retired || Volatile.Read(ref _offsets) is MappedIndex)
                return;
            IndexCheck check = Context.Rebuilder.Check(BaseOffset, data, LastAppend, End, FinalChainCrc);
            UseIndexes(check);
        }
    }

    /// <summary>Makes the index files of a sealed segment anew, whatever is in them.</summary>
    public void RebuildIndexes(ILeasedFile data)
    {
        lock (IndexGate)
        {
            if (_retired || Volatile.Read(ref _offsets) is MappedIndex)
                return;
            UseIndexes(Context.Rebuilder.Rebuild(BaseOffset, data, LastAppend, End, FinalChainCrc));
        }
    }

    /// <summary>Takes the entries that a check gave.</summary>
    public void UseIndexes(IndexCheck check)
    {
        if (check.Written)
            UseIndexFiles(check.Image.Count);
        else
            UseIndexEntries(check.Image.Offsets, check.Image.Times);
    }

    /// <summary>Takes entries that are in memory and not in the files.</summary>
    public void UseIndexImage(IndexImage image) => UseIndexEntries(image.Offsets, image.Times);

    /// <summary>Writes the entries into the index files; where that fails, they stay in memory.</summary>
    public void WriteIndexes(IndexImage image)
    {
        lock (IndexGate)
        {
            if (!_retired && Context.Rebuilder.TryWrite(BaseOffset, image))
                UseIndexFiles(image.Count);
        }
    }

    /// <summary>Entries lie in the files; these are opened for each lookup.</summary>
    public void UseIndexFiles(int count)
    {
        Volatile.Write(ref _entriesInFiles, count);
        Volatile.Write(ref _times, null);
        Volatile.Write(ref _offsets, null);
    }

    protected void UseIndexEntries(IndexEntries offsets, IndexEntries times)
    {
        Volatile.Write(ref _times, times);
        Volatile.Write(ref _offsets, offsets);
    }

    /// <summary>Index entries that must be in the files.</summary>
    public int EntriesInFiles => Volatile.Read(ref _entriesInFiles);

    private OpenedIndex Open(IndexKind kind)
    {
        IndexEntries? resident = kind == IndexKind.Offset ? Volatile.Read(ref _offsets) : Volatile.Read(ref _times);
        if (resident is not null)
            return new OpenedIndex(resident, null);
        string path = kind == IndexKind.Offset
            ? SegmentName.OffsetIndex(Context.Directory, BaseOffset)
            : SegmentName.TimeIndex(Context.Directory, BaseOffset);
        FileIndex? file = FileIndex.TryOpen(
            Context.Disk, path, Context.IndexHeaderOf(kind, BaseOffset), EntriesInFiles);
        return new OpenedIndex(file, file);
    }

    private readonly ref struct OpenedIndex(IndexEntries? entries, IDisposable? owned)
    {
        public IndexEntries? Entries => entries;

        public void Dispose() => owned?.Dispose();
    }
}

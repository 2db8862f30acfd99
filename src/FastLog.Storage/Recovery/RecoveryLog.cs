using FastLog.Primitives;
using FastLog.Storage.Disk;
using FastLog.Storage.Flushing;

namespace FastLog.Storage.Recovery;

/// <summary>
/// Which bytes of each partition are durable, and the bytes of flush rounds that carry them. One a data directory. The
/// public members from any thread; the internal ones that write files belong to one round at a time (GroupCommit).
/// </summary>
public sealed class RecoveryLog : IDisposable
{
    private const int NoSpace = 28;

    private readonly Lock _gate = new();
    private readonly IDisk _disk;
    private readonly string _directory;
    private readonly IEntropy _entropy;
    private readonly long _fileSize;
    private readonly Dictionary<TopicPartition, FlushPoint> _points;
    private readonly Dictionary<TopicPartition, List<CarriedPiece>> _unreplayed;

    // The oldest file that holds bytes of a partition which are not known to be in its own files.
    private readonly Dictionary<TopicPartition, ulong> _carriedSince = [];
    private readonly List<ulong> _older = [];
    private readonly ulong _firstGeneration;
    private PendingNotes _pending = new();
    private PendingNotes _writing = new();
    private RecoveryLogFile _file;

    private RecoveryLog(IDisk disk, string directory, IEntropy entropy, long fileSize, RecoveryLogLoader loaded)
    {
        _disk = disk;
        _directory = directory;
        _entropy = entropy;
        _fileSize = fileSize;
        _points = loaded.State.Flushed;
        _unreplayed = loaded.State.Carried;
        Defects = loaded.Defects;
        foreach ((TopicPartition id, List<CarriedPiece> pieces) in _unreplayed)
            _carriedSince[id] = pieces.Min(piece => piece.Generation);
        _older.AddRange(loaded.Generations);
        _firstGeneration = loaded.NextGeneration;
        _file = TryCreateFile(_firstGeneration, _writing.Notes, 0, reserve: true)
            ?? TryCreateFile(_firstGeneration, _writing.Notes, 0, reserve: false)
            ?? throw new DiskException("fallocate", directory, NoSpace, "no room for the recovery log");
        DeleteOlder(KeepFrom());
    }

    /// <summary>Defects below what was durable, for the operator; empty when all is well.</summary>
    public IReadOnlyList<string> Defects { get; }

    /// <summary>What is known of each partition, in ascending order.</summary>
    public IReadOnlyList<RecoveredPartition> Recovered
    {
        get
        {
            lock (_gate)
            {
                TopicPartition[] ids = [.. _points.Keys.Union(_unreplayed.Keys).Order()];
                return Array.ConvertAll(ids, id => FindLocked(id)!);
            }
        }
    }

    internal bool HasPending
    {
        get
        {
            lock (_gate)
                return _pending.Notes.Count > 0;
        }
    }

    /// <summary>The file that is being written. Of the round's thread.</summary>
    internal ulong Generation => _file.Generation;

    /// <summary>False while too many older files wait for their carried bytes to be flushed. Of the round's thread.</summary>
    internal bool CanCarry => _older.Count(generation => generation >= _firstGeneration) <= RecoveryLogLimits.OlderFilesMax;

    /// <summary>Reads what earlier lives left in the directory (made if absent) and begins a new file.</summary>
    /// <exception cref="DiskException">The device failed.</exception>
    /// <exception cref="RecoveryLogVersionException">A later version of the program wrote it.</exception>
    public static RecoveryLog Open(IDisk disk, string directory, IEntropy entropy) =>
        Open(disk, directory, entropy, RecoveryLogLimits.FileSize);

    /// <summary>What is known of the partition; null when nothing is.</summary>
    public RecoveredPartition? Find(TopicPartition id)
    {
        lock (_gate)
            return FindLocked(id);
    }

    /// <summary>
    /// Writes the carried bytes into the partition's files again and flushes those; does nothing when none are carried. Before
    /// the tail scan. <paramref name="openSegment"/> gives the open data file of a base offset (made when it is missing, with
    /// a durable directory entry).
    /// </summary>
    /// <exception cref="DiskException">The device failed; may be called again.</exception>
    public void Replay(TopicPartition id, Func<LogOffset, IDiskFile> openSegment)
    {
        ArgumentNullException.ThrowIfNull(openSegment);
        List<CarriedPiece>? pieces;
        FlushPoint point;
        lock (_gate)
        {
            if (!_unreplayed.TryGetValue(id, out pieces))
                return;
            point = FindLocked(id)!.RecoveryPoint;
        }

        CarriedReplay.Run(_disk, _directory, pieces, openSegment);
        lock (_gate)
        {
            _unreplayed.Remove(id);
            NoteFlushedLocked(id, point);
        }
    }

    /// <summary>The partition does not exist any more: its points and carried bytes are dropped.</summary>
    public void Forget(TopicPartition id) => NoteRemoved(id);

    /// <summary>Closes the file; what was not written by a round is not written.</summary>
    public void Dispose() => _file.Dispose();

    internal static RecoveryLog Open(IDisk disk, string directory, IEntropy entropy, long fileSize)
    {
        ArgumentNullException.ThrowIfNull(disk);
        ArgumentNullException.ThrowIfNull(directory);
        ArgumentNullException.ThrowIfNull(entropy);
        if (!disk.DirectoryExists(directory))
            disk.CreateDirectory(directory);

        // Also when it is there: the life that made it may have been killed before its flush.
        int end = directory.LastIndexOf('/');
        if (end >= 0)
            disk.FlushDirectory(end == 0 ? "/" : directory[..end]);

        var loader = new RecoveryLogLoader(disk, directory);
        loader.Load();
        loader.ClearLeftovers();
        return new RecoveryLog(disk, directory, entropy, fileSize, loader);
    }

    internal void NoteFlushed(TopicPartition id, FlushPoint point)
    {
        lock (_gate)
            NoteFlushedLocked(id, point);
    }

    internal void NoteReset(TopicPartition id, FlushPoint point)
    {
        lock (_gate)
        {
            _points[id] = point;
            _unreplayed.Remove(id);
            _carriedSince.Remove(id);
            _pending.Add(new PointNote(RecoveryEntryKind.Reset, id, point));
        }
    }

    internal void NoteRemoved(TopicPartition id)
    {
        lock (_gate)
        {
            _points.Remove(id);
            _unreplayed.Remove(id);
            _carriedSince.Remove(id);
            _pending.Add(new PointNote(RecoveryEntryKind.Removed, id, default));
        }
    }

    /// <summary>
    /// Writes what is noted and the bytes of the round, durably. False, with nothing written, when the file is full and the
    /// device has no room for the next one.
    /// </summary>
    /// <exception cref="DiskException">The device failed: the log must not be written any more.</exception>
    internal bool TryCommit(CarriedRound round)
    {
        ulong keepFrom = BeginWriting();
        int carriedSize = round.Items.Count == 0 ? 0 : RecoveryLogFile.EntrySize(round.Items.Count, round.Bytes);
        // Each note may stand in an entry of its own when the kinds alternate.
        long noteSize = (long)_writing.Notes.Count * RecoveryLogFile.EntrySize(1, 0);
        if (!_file.HasRoom(noteSize + carriedSize) && !TryBeginNextFile(carriedSize, reserve: true))
        {
            lock (_gate)
                _pending.PutBack(_writing);
            return false;
        }

        _file.Append(_writing.Notes);
        if (carriedSize > 0)
            _file.Append(round);
        _file.Flush();
        _writing.Clear();
        lock (_gate)
        {
            foreach (RecoveryItem item in round.Items)
                _carriedSince.TryAdd(item.Id, _file.Generation);
        }

        DeleteOlder(keepFrom);
        return true;
    }

    /// <summary>
    /// As a clean life ends: one small file with the points takes the place of all, so that the next start is quick. On a
    /// full device the older file stays, and its points.
    /// </summary>
    /// <exception cref="DiskException">The device failed.</exception>
    internal void Compact()
    {
        ulong keepFrom = BeginWriting();
        if (TryBeginNextFile(0, reserve: false))
            DeleteOlder(keepFrom);
    }

    private ulong BeginWriting()
    {
        lock (_gate)
        {
            (_pending, _writing) = (_writing, _pending);
            return KeepFrom();
        }
    }

    private bool TryBeginNextFile(int carriedSize, bool reserve)
    {
        RecoveryLogFile? next = TryCreateFile(_file.Generation + 1, _writing.Notes, carriedSize, reserve);
        if (next is null)
            return false;
        _writing.Clear();
        _older.Add(_file.Generation);
        _file.Dispose();
        _file = next;
        return true;
    }

    // The notes come first: a reset must reach older files' carried bytes before the snapshot sets the points.
    private RecoveryLogFile? TryCreateFile(ulong generation, List<PointNote> notes, int carriedSize, bool reserve)
    {
        List<PointNote> first = [.. notes];
        ulong oldest;
        lock (_gate)
        {
            oldest = Math.Min(KeepFrom(), generation);
            foreach (TopicPartition id in _points.Keys.Order())
                first.Add(new PointNote(RecoveryEntryKind.Snapshot, id, _points[id]));
        }

        // Twice, so that a file with very many partitions has room for rounds too.
        long needed = RecoveryLogLayout.FileHeaderSize + carriedSize
            + (2L * first.Count * RecoveryLogFile.EntrySize(1, 0));
        long size = reserve ? Math.Max(_fileSize, needed) : needed;
        return RecoveryLogFile.TryCreate(
            _disk, _directory, generation, oldest, _entropy.NextUInt64(), size, first);
    }

    private ulong KeepFrom() => _carriedSince.Count == 0 ? ulong.MaxValue : _carriedSince.Values.Min();

    // One by one, oldest first and each durably: were a later one gone and an earlier one back after a power cut, its
    // carried bytes could count again.
    private void DeleteOlder(ulong keepFrom)
    {
        while (_older.Count > 0 && _older[0] < keepFrom)
        {
            _disk.DeleteFile($"{_directory}/{RecoveryLogFile.Name(_older[0])}");
            _disk.FlushDirectory(_directory);
            _older.RemoveAt(0);
        }
    }

    private void NoteFlushedLocked(TopicPartition id, FlushPoint point)
    {
        _points[id] = point;
        _carriedSince.Remove(id);
        _pending.Add(new PointNote(RecoveryEntryKind.Flushed, id, point));
    }

    private RecoveredPartition? FindLocked(TopicPartition id)
    {
        FlushPoint? flushed = _points.TryGetValue(id, out FlushPoint known) ? known : null;
        if (!_unreplayed.TryGetValue(id, out List<CarriedPiece>? pieces))
            return flushed is null ? null : new RecoveredPartition(id, flushed, known, 0);
        FlushPoint point = flushed ?? pieces[0].Item.Point;
        long bytes = 0;
        foreach (CarriedPiece piece in pieces)
        {
            bytes += piece.Item.Length;
            if (piece.Item.Point.Covers(point))
                point = piece.Item.Point;
        }

        return new RecoveredPartition(id, flushed, point, bytes);
    }
}

using System.Globalization;
using FastLog.Primitives;
using FastLog.Storage.Disk;

namespace FastLog.Storage.Recovery;

/// <summary>
/// Reads what earlier lives left in a recovery log directory. Only <see cref="ClearLeftovers"/> changes something. One thread,
/// once.
/// </summary>
internal sealed class RecoveryLogLoader(IDisk disk, string directory)
{
    private readonly SortedDictionary<ulong, RecoveryFileHeader> _files = [];
    private readonly List<string> _unfinished = [];
    private readonly List<string> _damaged = [];

    public RecoveredState State { get; } = new();

    public List<string> Defects { get; } = [];

    /// <summary>The generation that the next file gets.</summary>
    public ulong NextGeneration { get; private set; } = 1;

    /// <summary>The files that were found, oldest first.</summary>
    public IReadOnlyCollection<ulong> Generations => _files.Keys;

    public void Load()
    {
        FindFiles();
        ulong oldest = _files.Count == 0 ? 0 : _files.Last().Value.OldestGeneration;
        ulong? before = null;
        foreach ((ulong generation, RecoveryFileHeader header) in _files)
        {
            // A power cut can undo the deletion of a file.
            if (generation < oldest)
                continue;
            // Files go oldest first: at the front some may be gone that the newest header still counts.
            if (before is { } earlier && generation > earlier + 1)
                Defects.Add($"{directory}: files {earlier + 1:x16} to {generation - 1:x16} are missing");
            before = generation;
            State.Generation = generation;
            using IDiskFile file = disk.Open($"{directory}/{RecoveryLogFile.Name(generation)}", DiskOpenMode.Read);
            new RecoveryLogReader(file, header, State, Defects).ReadAll();
        }
    }

    /// <summary>For the log's owner, after it loaded: what a crash left unfinished goes, damaged files are set aside.</summary>
    /// <exception cref="DiskException">The device failed.</exception>
    public void ClearLeftovers()
    {
        foreach (string path in _unfinished)
            disk.DeleteFile(path);

        // Kept for a look at it; out of the way, so that it is reported once.
        foreach (string path in _damaged)
            disk.Rename(path, path + ".damaged");
    }

    private void FindFiles()
    {
        foreach (string name in disk.ListFiles(directory))
        {
            string path = $"{directory}/{name}";
            if (name.EndsWith(AtomicFile.TemporarySuffix, StringComparison.Ordinal))
                _unfinished.Add(path);
            else if (TryParse(name, out ulong generation))
                AddFile(path, generation);
        }
    }

    private void AddFile(string path, ulong generation)
    {
        NextGeneration = Math.Max(NextGeneration, generation + 1);
        byte[] bytes = new byte[RecoveryLogLayout.FileHeaderSize];
        RecoveryFileStatus status;
        RecoveryFileHeader header;
        using (IDiskFile file = disk.Open(path, DiskOpenMode.Read))
            status = RecoveryFileHeader.TryRead(bytes.AsSpan(0, file.Read(FilePosition.Zero, bytes)), out header);
        if (status == RecoveryFileStatus.VersionUnknown)
            throw new RecoveryLogVersionException(path);
        if (status == RecoveryFileStatus.Ok && header.Generation == generation)
        {
            _files.Add(generation, header);
            return;
        }

        Defects.Add($"{path}: the header is damaged; what the file said of its partitions is not known");
        _damaged.Add(path);
    }

    private static bool TryParse(string name, out ulong generation)
    {
        generation = 0;
        return name.Length == 16 + RecoveryLogFile.Suffix.Length
            && name.EndsWith(RecoveryLogFile.Suffix, StringComparison.Ordinal)
            && ulong.TryParse(name.AsSpan(0, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out generation)
            && generation < ulong.MaxValue;
    }
}

using FastLog.Primitives;
using FastLog.Storage.Disk;
using FastLog.Storage.Maintenance;
using FastLog.Storage.Recovery;

namespace FastLog.Storage.Inspection;

/// <summary>
/// Checks the files of a data directory that belong to no partition: small files, the recovery log. Changes nothing. One
/// thread, once.
/// </summary>
/// <param name="disk">The disk.</param>
/// <param name="root">The data directory.</param>
/// <param name="others">Names of small files that others keep there: their sizes and checksums are looked at.</param>
internal sealed class DirectoryFilesCheck(IDisk disk, string root, IReadOnlyCollection<string> others)
{
    private readonly List<LogDefect> _defects = [];

    /// <exception cref="StorageException">A file is of a later version of the program.</exception>
    /// <exception cref="DiskException">The device failed.</exception>
    public IReadOnlyList<LogDefect> Run()
    {
        Judge(DataDirectoryLayout.Meta, DirectoryMeta.TryRead(disk, root, out _));
        Judge(CleanShutdownMarker.FileName, CleanShutdownMarker.TryRead(disk, root, out _));
        Judge(RetentionClock.FileName, RetentionClock.TryRead(disk, root, out _));
        foreach (string name in others)
            Judge(name, AtomicFile.Check(disk, $"{root}/{name}"));

        string recovery = $"{root}/{DataDirectoryLayout.Recovery}";
        if (!disk.DirectoryExists(recovery))
            return _defects;

        // A running broker writes to it meanwhile: damage is what is found twice.
        HashSet<LogDefect> first = [.. RecoveryLogDefects(recovery)];
        if (first.Count > 0)
            _defects.AddRange(RecoveryLogDefects(recovery).Where(first.Contains));
        return _defects;
    }

    private void Judge(string name, AtomicFileStatus status)
    {
        string path = $"{root}/{name}";
        if (status == AtomicFileStatus.VersionUnknown)
            throw Later(path);
        if (status is not (AtomicFileStatus.Ok or AtomicFileStatus.Absent))
            _defects.Add(Defect(LogDefectKind.SmallFileDamaged, path, $"it does not check ({status})"));
    }

    private List<LogDefect> RecoveryLogDefects(string directory)
    {
        var defects = new List<LogDefect>();
        foreach (string name in disk.ListFiles(directory))
        {
            if (!name.EndsWith(RecoveryLogFile.Suffix, StringComparison.Ordinal))
                continue;
            string path = $"{directory}/{name}";
            try
            {
                CheckRecoveryFile(path, defects);
            }
            catch (DiskException failure) when (failure.IsAbsent)
            {
                // A running broker needs it no more.
            }
        }

        return defects;
    }

    private void CheckRecoveryFile(string path, List<LogDefect> defects)
    {
        using IDiskFile file = disk.Open(path, DiskOpenMode.Read);
        byte[] bytes = new byte[RecoveryLogLayout.FileHeaderSize];
        int count = file.Read(FilePosition.Zero, bytes);
        RecoveryFileStatus status = RecoveryFileHeader.TryRead(bytes.AsSpan(0, count), out RecoveryFileHeader header);
        if (status == RecoveryFileStatus.VersionUnknown)
            throw Later(path);
        var found = new List<string>();
        if (status == RecoveryFileStatus.Ok)
            new RecoveryLogReader(file, header, new RecoveredState(), found).ReadAll();
        else
            found.Add("the header does not check");
        defects.AddRange(found.Select(detail => Defect(LogDefectKind.RecoveryLogDamaged, path, detail)));
    }

    private static StorageException Later(string path) => new(
        StorageErrorKind.ForeignFormat, path, $"'{path}' was written by a later version of this program");

    private static LogDefect Defect(LogDefectKind kind, string path, string detail) =>
        new(kind, path, FilePosition.Zero, 0, LogOffset.None, LogOffset.None, detail);
}

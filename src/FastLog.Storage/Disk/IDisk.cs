namespace FastLog.Storage.Disk;

/// <summary>
/// The disk port: files, directories and their flushes, synchronous. Paths are absolute or relative to the port's root;
/// '/' separates. Thread-safe; each <see cref="IDiskFile"/> says for itself. Every failure of the device or the system
/// is a <see cref="DiskException"/> with the operation, the path and the system's error number.
/// </summary>
public interface IDisk
{
    bool FileExists(string path);

    bool DirectoryExists(string path);

    /// <summary>Makes the directory and its parents; no error when it exists. Not durable before the parents are flushed.</summary>
    void CreateDirectory(string path);

    /// <summary>Names (not paths) of the files in a directory, in ordinal order.</summary>
    IReadOnlyList<string> ListFiles(string path);

    /// <summary>Names (not paths) of the directories in a directory, in ordinal order.</summary>
    IReadOnlyList<string> ListDirectories(string path);

    /// <summary>Opens a file as <paramref name="mode"/> says.</summary>
    IDiskFile Open(string path, DiskOpenMode mode);

    /// <summary>Replaces <paramref name="target"/> if it exists. Not durable before the directory is flushed.</summary>
    void Rename(string source, string target);

    /// <summary>Deletes a file; no error when it is absent. Not durable before the directory is flushed.</summary>
    void DeleteFile(string path);

    /// <summary>Deletes an empty directory. Not durable before its parent is flushed.</summary>
    void DeleteDirectory(string path);

    /// <summary>fsync of the directory: its entries (created, renamed, deleted) survive from here on.</summary>
    void FlushDirectory(string path);

    /// <summary>Takes the exclusive lock on a file (made if absent); null when another process or caller holds it.</summary>
    IDisposable? TryLock(string path);

    /// <summary>Bytes that an unprivileged writer may still allocate on the file system of <paramref name="path"/>.</summary>
    long FreeBytes(string path);
}

/// <summary>How <see cref="IDisk.Open"/> opens.</summary>
public enum DiskOpenMode
{
    /// <summary>The file exists; reads only.</summary>
    Read,

    /// <summary>The file exists; reads and writes.</summary>
    ReadWrite,

    /// <summary>The file does not exist; made, reads and writes.</summary>
    CreateNew,
}

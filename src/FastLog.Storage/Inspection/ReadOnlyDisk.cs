using FastLog.Storage.Disk;

namespace FastLog.Storage.Inspection;

/// <summary>A disk that is only looked at: what would change it does nothing, or is refused.</summary>
internal sealed class ReadOnlyDisk(IDisk disk) : IDisk
{
    private const int ReadOnlyFileSystem = 30;

    public bool FileExists(string path) => disk.FileExists(path);

    public bool DirectoryExists(string path) => disk.DirectoryExists(path);

    public IReadOnlyList<string> ListFiles(string path) => disk.ListFiles(path);

    public IReadOnlyList<string> ListDirectories(string path) => disk.ListDirectories(path);

    public IDiskFile Open(string path, DiskOpenMode mode) =>
        mode == DiskOpenMode.Read ? disk.Open(path, mode) : throw Refused("open", path);

    public void CreateDirectory(string path) => throw Refused("mkdir", path);

    public void Rename(string source, string target) => throw Refused("rename", source);

    /// <summary>Leftovers that a writer would clear away stay.</summary>
    public void DeleteFile(string path)
    {
    }

    public void DeleteDirectory(string path) => throw Refused("rmdir", path);

    public void FlushDirectory(string path) => throw Refused("fsync", path);

    public IDisposable? TryLock(string path) => throw Refused("lock", path);

    public long FreeBytes(string path) => disk.FreeBytes(path);

    private static DiskException Refused(string operation, string path) =>
        new(operation, path, ReadOnlyFileSystem, "an inspection changes nothing");
}

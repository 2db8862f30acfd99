using Microsoft.Win32.SafeHandles;

namespace FastLog.Storage.Disk;

/// <summary>The machine's file system as the disk port. Linux only: flushes and their errors are the kernel's own.</summary>
public sealed class OsDisk : IDisk
{
    private const uint OwnerReadsAndWrites = 0x180;

    private readonly string _root;

    /// <param name="root">What relative paths begin at; the working directory when null.</param>
    /// <exception cref="PlatformNotSupportedException">The system is not Linux.</exception>
    public OsDisk(string? root = null)
    {
        if (!OperatingSystem.IsLinux())
            throw new PlatformNotSupportedException("the storage engine needs Linux: its flushes are checked system calls");
        _root = Path.GetFullPath(root ?? Environment.CurrentDirectory);
    }

    public bool FileExists(string path) => File.Exists(Full(path));

    public bool DirectoryExists(string path) => Directory.Exists(Full(path));

    public void CreateDirectory(string path) =>
        Guarded("mkdir", Full(path), static full => Directory.CreateDirectory(full));

    public IReadOnlyList<string> ListFiles(string path) =>
        Guarded("readdir", Full(path), static full => Names(Directory.GetFiles(full)));

    public IReadOnlyList<string> ListDirectories(string path) =>
        Guarded("readdir", Full(path), static full => Names(Directory.GetDirectories(full)));

    public IDiskFile Open(string path, DiskOpenMode mode)
    {
        string full = Full(path);
        return new OsDiskFile(full, Guarded("open", full, name => new FileStream(name, StreamOptions(mode))));
    }

    public void Rename(string source, string target)
    {
        string from = Full(source);
        if (OsNative.Rename(from, Full(target)) != 0)
            throw OsFailure.OfLastCall("rename", from);
    }

    public void DeleteFile(string path)
    {
        string full = Full(path);
        if (OsNative.Unlink(full) == 0)
            return;
        DiskException failure = OsFailure.OfLastCall("unlink", full);
        if (failure.ErrorNumber != OsNative.NoSuchFile)
            throw failure;
    }

    public void DeleteDirectory(string path)
    {
        string full = Full(path);
        if (OsNative.RemoveDirectory(full) != 0)
            throw OsFailure.OfLastCall("rmdir", full);
    }

    public void FlushDirectory(string path)
    {
        string full = Full(path);
        using SafeFileHandle directory = OpenNative(full, OsNative.OpenDirectory, "open directory");
        while (OsNative.FlushAll(directory) != 0)
        {
            if (!OsFailure.WasInterrupted)
                throw OsFailure.OfLastCall("fsync", full);
        }
    }

    public IDisposable? TryLock(string path)
    {
        string full = Full(path);
        SafeFileHandle file = OpenNative(full, OsNative.OpenReadWriteCreate, "open");
        while (OsNative.Lock(file, OsNative.LockExclusiveNoWait) != 0)
        {
            if (OsFailure.WasInterrupted)
                continue;
            DiskException failure = OsFailure.OfLastCall("flock", full);
            file.Dispose();
            return failure.ErrorNumber == OsNative.WouldBlock ? null : throw failure;
        }

        // The kernel drops the lock with the last descriptor; none is inherited by a child (close on exec).
        return file;
    }

    public long FreeBytes(string path) =>
        Guarded("statvfs", Full(path), static full => new DriveInfo(full).AvailableFreeSpace);

    private static FileStreamOptions StreamOptions(DiskOpenMode mode) => new()
    {
        Mode = mode == DiskOpenMode.CreateNew ? FileMode.CreateNew : FileMode.Open,
        Access = mode == DiskOpenMode.Read ? FileAccess.Read : FileAccess.ReadWrite,
        Share = FileShare.ReadWrite | FileShare.Delete,
        // Asynchronous and without a buffer: else Socket.SendPacketsAsync copies the bytes and makes no sendfile calls.
        Options = FileOptions.Asynchronous,
        BufferSize = 0,
    };

    private static SafeFileHandle OpenNative(string path, int flags, string operation)
    {
        while (true)
        {
            int descriptor = OsNative.Open(path, flags | OsNative.OpenCloseOnExec, OwnerReadsAndWrites);
            if (descriptor >= 0)
                return new SafeFileHandle(descriptor, ownsHandle: true);
            if (!OsFailure.WasInterrupted)
                throw OsFailure.OfLastCall(operation, path);
        }
    }

    private static string[] Names(string[] paths)
    {
        string[] names = Array.ConvertAll(paths, static path => Path.GetFileName(path));
        Array.Sort(names, StringComparer.Ordinal);
        return names;
    }

    private static T Guarded<T>(string operation, string path, Func<string, T> call)
    {
        try
        {
            return call(path);
        }
        catch (Exception cause) when (OsFailure.IsOfSystem(cause))
        {
            throw OsFailure.Of(operation, path, cause);
        }
    }

    private string Full(string path) => Path.GetFullPath(path, _root);
}

using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace FastLog.Storage.Disk;

/// <summary>
/// The system calls that the runtime does not offer, or whose failures it drops: on .NET 10 a failed fsync behind
/// RandomAccess.FlushToDisk returns normally. Linux only. Each answers -1 with errno on failure.
/// </summary>
internal static partial class OsNative
{
    public const int NoSuchFile = 2;
    public const int Interrupted = 4;
    public const int NoSuchData = 6;
    public const int WouldBlock = 11;
    public const int AccessDenied = 13;
    public const int FileExists = 17;
    public const int NoSpace = 28;
    public const int NameTooLong = 36;
    public const int NotSupported = 95;

    public const int OpenReadWriteCreate = 0x2 | 0x40;
    public const int OpenCloseOnExec = 0x80000;
    public const int LockExclusiveNoWait = 2 | 4;
    public const int SeekData = 3;
    public const int SeekHole = 4;
    public const int ProtectReadWrite = 1 | 2;
    public const int MapShared = 1;
    public const int SyncNow = 4;

    private const string Libc = "libc";

    // The one flag whose value differs between the processors that .NET supports on Linux.
    public static readonly int OpenDirectory =
        RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x4000 : 0x10000;

    [LibraryImport(Libc, EntryPoint = "fdatasync", SetLastError = true)]
    public static partial int FlushData(SafeFileHandle file);

    [LibraryImport(Libc, EntryPoint = "fsync", SetLastError = true)]
    public static partial int FlushAll(SafeFileHandle file);

    [LibraryImport(Libc, EntryPoint = "fallocate", SetLastError = true)]
    public static partial int Allocate(SafeFileHandle file, int mode, long offset, long length);

    [LibraryImport(Libc, EntryPoint = "ftruncate", SetLastError = true)]
    public static partial int SetLength(SafeFileHandle file, long length);

    // Moves the handle's own position, which nothing here uses: all reads and writes name theirs.
    [LibraryImport(Libc, EntryPoint = "lseek", SetLastError = true)]
    public static partial long Seek(SafeFileHandle file, long offset, int whence);

    [LibraryImport(Libc, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags, uint mode);

    [LibraryImport(Libc, EntryPoint = "flock", SetLastError = true)]
    public static partial int Lock(SafeFileHandle file, int operation);

    [LibraryImport(Libc, EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Rename(string source, string target);

    [LibraryImport(Libc, EntryPoint = "unlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Unlink(string path);

    [LibraryImport(Libc, EntryPoint = "rmdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int RemoveDirectory(string path);

    [LibraryImport(Libc, EntryPoint = "mmap", SetLastError = true)]
    public static partial nint Map(nint address, nuint length, int protection, int flags, SafeFileHandle file, long offset);

    [LibraryImport(Libc, EntryPoint = "munmap", SetLastError = true)]
    public static partial int Unmap(nint address, nuint length);

    [LibraryImport(Libc, EntryPoint = "msync", SetLastError = true)]
    public static partial int FlushMapped(nint address, nuint length, int flags);
}

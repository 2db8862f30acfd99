using System.Runtime.InteropServices;

namespace FastLog.Storage.Disk;

/// <summary>Turns failures of system calls and of the runtime's file calls into <see cref="DiskException"/>s.</summary>
internal static class OsFailure
{
    /// <summary>True when the call that just failed was interrupted by a signal and is to be made again.</summary>
    public static bool WasInterrupted => LastError == OsNative.Interrupted;

    /// <summary>errno of the system call that this thread made last.</summary>
    public static int LastError => Marshal.GetLastPInvokeError();

    /// <summary>The failure of the system call that this thread made last.</summary>
    public static DiskException OfLastCall(string operation, string path)
    {
        int error = Marshal.GetLastPInvokeError();
        return new DiskException(operation, path, error, Marshal.GetPInvokeErrorMessage(error));
    }

    /// <summary>The failure of a call of the runtime.</summary>
    public static DiskException Of(string operation, string path, Exception cause)
    {
        int error = ErrorNumber(cause);
        string reason = error == 0 ? cause.Message : Marshal.GetPInvokeErrorMessage(error);
        return new DiskException(operation, path, error, reason, cause);
    }

    /// <summary>True for what the runtime's file calls throw when the system refuses or fails.</summary>
    public static bool IsOfSystem(Exception cause) => cause is IOException or UnauthorizedAccessException;

    private static int ErrorNumber(Exception cause) => cause switch
    {
        FileNotFoundException or DirectoryNotFoundException => OsNative.NoSuchFile,
        PathTooLongException => OsNative.NameTooLong,
        UnauthorizedAccessException => OsNative.AccessDenied,
        // On Unix an IOException carries errno as its HResult; the runtime's own codes are negative.
        { HResult: > 0 and < 4096 } => cause.HResult,
        _ => 0,
    };
}

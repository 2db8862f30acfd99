namespace FastLog.Storage.Disk;

/// <summary>A disk operation failed: which, on what path, and the system's error number.</summary>
public sealed class DiskException : IOException
{
    public DiskException(string operation, string path, int errorNumber, string reason, Exception? inner = null)
        : base($"{operation} of '{path}' failed: {reason} (errno {errorNumber})", inner)
    {
        Operation = operation;
        Path = path;
        ErrorNumber = errorNumber;
    }

    public string Operation { get; }

    public string Path { get; }

    /// <summary>errno of the system call; 0 when there was none.</summary>
    public int ErrorNumber { get; }

    /// <summary>True when the device could not give the bytes (EIO), or the file system knows that they are bad (EBADMSG, EUCLEAN).</summary>
    public bool IsUnreadable => ErrorNumber is 5 or 74 or 117;

    /// <summary>True for a file that is not there (ENOENT).</summary>
    public bool IsAbsent => ErrorNumber == 2;

    /// <summary>True for a full device or quota (ENOSPC, EDQUOT).</summary>
    public bool IsDiskFull => ErrorNumber is 28 or 122;
}

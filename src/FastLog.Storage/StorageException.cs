namespace FastLog.Storage;

/// <summary>What keeps a data directory or a partition from being opened or changed.</summary>
public enum StorageErrorKind
{
    /// <summary>Another process or caller holds the data directory.</summary>
    InUse,

    /// <summary>The directory holds other things, or a format version that this build does not know.</summary>
    ForeignFormat,

    /// <summary>The directory belongs to another cluster or another node.</summary>
    ForeignIdentity,

    /// <summary>A file that everything else hangs on is damaged.</summary>
    Damaged,

    /// <summary>The device failed.</summary>
    Device,

    /// <summary>The device is full.</summary>
    DiskFull,

    /// <summary>A name or an option is outside of what the format allows.</summary>
    InvalidArgument,

    /// <summary>Closed, or closing.</summary>
    Closed,

    /// <summary>The partition is open or being opened already.</summary>
    AlreadyOpen,

    /// <summary>The log is fenced: the first cause is in the message.</summary>
    Fenced,
}

/// <summary>A data directory or partition cannot be used as asked: what, why and where.</summary>
public sealed class StorageException : Exception
{
    public StorageException(StorageErrorKind kind, string path, string message, Exception? inner = null)
        : base(message, inner)
    {
        Kind = kind;
        Path = path;
    }

    public StorageErrorKind Kind { get; }

    /// <summary>The file or directory concerned.</summary>
    public string Path { get; }
}

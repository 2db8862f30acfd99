using FastLog.Primitives;

namespace FastLog.Storage;

/// <summary>Why a partition log is fenced.</summary>
public enum StorageFaultKind
{
    /// <summary>A write failed and the file may hold anything after the log end.</summary>
    WriteFailed,

    /// <summary>A flush failed: the kernel may have dropped the bytes, so nothing may be acknowledged any more.</summary>
    FlushFailed,

    /// <summary>An invariant of our own code was violated.</summary>
    Bug,

    /// <summary>The partition was deleted.</summary>
    Deleted,
}

/// <summary>The first failure that fenced a partition log; shown by every later refusal. Immutable.</summary>
/// <param name="Kind">What failed.</param>
/// <param name="File">The file concerned; the partition's directory where it is not one file.</param>
/// <param name="Offset">The log end when it failed.</param>
/// <param name="Message">What happened, for people.</param>
/// <param name="Cause">The exception, if there was one.</param>
public sealed record StorageFault(
    StorageFaultKind Kind, string File, LogOffset Offset, string Message, Exception? Cause);

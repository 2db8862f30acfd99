namespace FastLog.Simulator;

/// <summary>The kinds of operations that faults and hooks tell apart.</summary>
public enum DiskOperation
{
    Open,
    Create,
    Read,
    Write,
    Allocate,
    SetLength,
    Flush,
    FlushMapped,
    Rename,
    DeleteFile,
    CreateDirectory,
    DeleteDirectory,
    FlushDirectory,
    Lock,
}

/// <summary>An operation that is about to happen.</summary>
/// <param name="Number">Counts the operations that change or flush something, from 1; reads and opens are 0.</param>
/// <param name="Operation">Its kind.</param>
/// <param name="Path">The file or directory.</param>
public readonly record struct DiskOperationInfo(long Number, DiskOperation Operation, string Path);

/// <summary>What survives of directory operations at a power cut.</summary>
public enum DirectoryLossMode
{
    /// <summary>As a journal in order: of all directories' operations a prefix survives; a flush of any makes all durable.</summary>
    Ordered,

    /// <summary>Each operation survives or not by itself; a flush covers its own directory only.</summary>
    AnySubset,
}

/// <summary>What survives of what was not flushed.</summary>
public enum PowerCutOutcome
{
    /// <summary>Each sector and operation by a seeded draw.</summary>
    Random,

    /// <summary>Nothing.</summary>
    AllLost,

    /// <summary>Everything.</summary>
    AllKept,
}

/// <summary>What kind of thing is pending.</summary>
public enum PendingKind
{
    /// <summary>An entry of a directory that was made, renamed or taken away.</summary>
    Directory,

    /// <summary>512 bytes of a file.</summary>
    Sector,

    /// <summary>The length of a file.</summary>
    Length,
}

/// <summary>One thing that was done and is not on the device yet.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Path">The file or entry it belongs to.</param>
/// <param name="Sector">Which sector of the file.</param>
public readonly record struct PendingChange(PendingKind Kind, string Path, long Sector);

using FastLog.Primitives;

namespace FastLog.Storage.Repair;

/// <summary>What a repair does about a defect. The names are shown by <c>fastlog log repair</c>.</summary>
public enum RepairKind
{
    /// <summary>The bytes are saved, and a batch without records takes their place: their offsets are a hole that readers pass.</summary>
    Excise,

    /// <summary>A segment of one batch without records is made for offsets that no segment holds.</summary>
    FillHole,

    /// <summary>The segment's identity is written anew from its place.</summary>
    RewriteHeader,

    /// <summary>A byte of the header that must be zero is set to zero.</summary>
    ClearReserved,

    /// <summary>The seal is written anew from the batches.</summary>
    RewriteSeal,

    /// <summary>A seal that does not check is taken off a segment that is still appended to.</summary>
    ClearSeal,

    /// <summary>Leader epochs are set to what the epoch file says, where the chain CRC proves it.</summary>
    RestoreEpochs,

    /// <summary>The index files are made anew.</summary>
    RebuildIndexes,

    /// <summary>A segment of another partition or place is moved out, below <c>repair/</c> in the data directory.</summary>
    MoveAside,

    /// <summary>Nothing is done: the action says why, and what can be.</summary>
    Leave,
}

/// <summary>One thing that a repair will do; nothing else is changed. Immutable.</summary>
/// <param name="Kind">What.</param>
/// <param name="File">The file concerned.</param>
/// <param name="Position">First byte concerned.</param>
/// <param name="Length">Bytes concerned: what is saved before it is changed.</param>
/// <param name="FirstOffset">First offset that is lost by it; none when none is.</param>
/// <param name="LastOffset">Last offset that is lost by it, inclusive; none when none is.</param>
/// <param name="Defect">What is wrong.</param>
/// <param name="Action">What will be done, for people.</param>
public sealed record RepairStep(
    RepairKind Kind,
    string File,
    FilePosition Position,
    long Length,
    LogOffset FirstOffset,
    LogOffset LastOffset,
    string Defect,
    string Action);

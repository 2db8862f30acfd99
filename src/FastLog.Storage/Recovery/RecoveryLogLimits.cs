namespace FastLog.Storage.Recovery;

/// <summary>Bounds of the recovery log.</summary>
public static class RecoveryLogLimits
{
    /// <summary>Room that is reserved for one file; a full file is replaced by the next.</summary>
    public const int FileSize = 64 * 1024 * 1024;

    /// <summary>Partition bytes that one entry carries at most.</summary>
    public const int CarriedBytesMax = 4 * 1024 * 1024;

    /// <summary>Items in one entry at most.</summary>
    public const int EntryItemsMax = 4096;

    /// <summary>An entry's size at most; checked before memory is sized by it.</summary>
    public const int EntrySizeMax = CarriedBytesMax + (EntryItemsMax * RecoveryLogLayout.ItemSize) + 4096;

    /// <summary>Older files that may be kept for carried bytes before no more bytes are carried.</summary>
    public const int OlderFilesMax = 3;
}

namespace FastLog.Client;

/// <summary>What became of a record that was offered to a partition's queue.</summary>
internal enum AppendOutcome
{
    Accepted,

    /// <summary>The producer's buffer is full.</summary>
    NoRoom,

    /// <summary>The open batch was full and is sealed: the record goes to the next partition.</summary>
    BatchFull,
}

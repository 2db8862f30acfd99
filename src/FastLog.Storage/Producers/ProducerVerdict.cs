namespace FastLog.Storage.Producers;

/// <summary>What the sequence rules say of an append.</summary>
internal enum ProducerVerdict
{
    /// <summary>It continues its producers' sequences, or has none.</summary>
    Next = 0,

    /// <summary>All of it is in the log already, in one piece.</summary>
    Duplicate,

    /// <summary>It leaves a gap: an earlier batch was not appended.</summary>
    OutOfOrder,

    /// <summary>A newer epoch of the producer was seen.</summary>
    Fenced,

    /// <summary>It lies before what is remembered: whether it is in the log is not known any more.</summary>
    Forgotten,

    /// <summary>Some of its batches are in the log and others not, or they are not in one piece.</summary>
    Split,
}

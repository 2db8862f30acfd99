namespace FastLog.Protocol.Messages;

/// <summary>How many must have a record before the producer is answered.</summary>
public enum ProduceAcks
{
    /// <summary>No answer at all: the request is a one-way frame.</summary>
    None = 0,

    /// <summary>The leader has written it.</summary>
    Leader = 1,

    /// <summary>All in-sync replicas have it, as durable as the topic's flush setting says.</summary>
    All = 2,
}

/// <summary>What an acknowledged record survives at the moment of the answer.</summary>
public enum Durability
{
    /// <summary>Nothing was appended.</summary>
    None = 0,

    /// <summary>The death of the process.</summary>
    PageCache = 1,

    /// <summary>The loss of power of the leader.</summary>
    ThisDisk = 2,

    /// <summary>The loss of a minority of the replicas' disks.</summary>
    Quorum = 3,
}

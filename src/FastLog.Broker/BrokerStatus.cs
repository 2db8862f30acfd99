using FastLog.Storage.Space;

namespace FastLog.Broker;

/// <summary>How a broker stands at one moment, for health checks and metrics. Immutable.</summary>
/// <param name="IsStopping">New work is refused.</param>
/// <param name="IsRecovering">Partitions that existed at the start still wait or are being opened.</param>
/// <param name="Partitions">In numbers, by state.</param>
/// <param name="Problem">What is wrong with one partition that failed or is fenced; null when there is none.</param>
/// <param name="Space">The room where the data directory lies.</param>
/// <param name="Connections">Open client connections.</param>
/// <param name="ParkedFetches">Fetches that wait for records.</param>
/// <param name="Topics">Ascending by name, the broker's own among them.</param>
public sealed record BrokerStatus(
    bool IsStopping,
    bool IsRecovering,
    PartitionCounts Partitions,
    string? Problem,
    SpaceStatus Space,
    int Connections,
    int ParkedFetches,
    IReadOnlyList<TopicStatus> Topics);

/// <summary>Partitions by what they can do; each is counted once.</summary>
/// <param name="Waiting">Their turn to be opened has not come.</param>
/// <param name="Opening">Being made or recovered.</param>
/// <param name="Serving">Taking and giving records.</param>
/// <param name="Fenced">Giving records, taking none: a write or flush failed.</param>
/// <param name="Failed">Could not be opened.</param>
public readonly record struct PartitionCounts(int Waiting, int Opening, int Serving, int Fenced, int Failed)
{
    public int Total => Waiting + Opening + Serving + Fenced + Failed;
}

/// <summary>What one topic holds here, over its partitions that are open.</summary>
/// <param name="Name">The topic.</param>
/// <param name="PartitionCount">All of them.</param>
/// <param name="SizeBytes">Of their segments.</param>
/// <param name="SegmentCount">Files of records.</param>
/// <param name="OffsetsGiven">The sum of their log ends.</param>
/// <param name="OffsetsKept">The sum of what lies between log start and log end.</param>
public sealed record TopicStatus(
    string Name, int PartitionCount, long SizeBytes, int SegmentCount, long OffsetsGiven, long OffsetsKept);

namespace FastLog.Storage.Flushing;

/// <summary>Bounds of group commit.</summary>
public static class GroupCommitLimits
{
    /// <summary>A partition with more waiting bytes than this is flushed by itself: carrying writes its bytes twice.</summary>
    public const long CarryMemberBytesMax = 64 * 1024;

    /// <summary>Partitions in one round at most.</summary>
    public const int RoundMembersMax = 2048;

    /// <summary>Waiting bytes after which a round takes no further partition.</summary>
    public const long RoundBytesMax = 2 * 1024 * 1024;

    /// <summary>A round waits for company only while at least so many callers are out: more than one producer with 8 requests in flight.</summary>
    public const int GatherCallersMin = 10;

    /// <summary>How many landings are remembered to tell how many callers are out.</summary>
    public const int GatherLandings = 4;

    /// <summary>How long a round waits for company at most, in durations of the last one.</summary>
    public const int GatherFlights = 4;

    /// <summary>A flushed point is durable in the recovery log after this time at the latest, or with the next round.</summary>
    public static readonly TimeSpan PointDelay = TimeSpan.FromMilliseconds(10);

    /// <summary>How long a round waits for company at most, however slow the device is.</summary>
    public static readonly TimeSpan GatherMax = TimeSpan.FromMilliseconds(5);

    /// <summary>How long no bytes are carried after the device had no room for the next recovery log file.</summary>
    public static readonly TimeSpan RoomRetry = TimeSpan.FromSeconds(1);

    /// <summary>The shortest time between two looks at flushes that wait for their time.</summary>
    public static readonly TimeSpan TickMin = TimeSpan.FromMilliseconds(5);
}

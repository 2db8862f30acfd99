namespace FastLog.Broker;

/// <summary>The broker's limits that are not configured; told in <c>protocol-spec/05-limits.md</c>. Sizes are bytes.</summary>
public static class BrokerLimits
{
    /// <summary>Partitions of one topic.</summary>
    public const int PartitionsPerTopicMax = 10_000;

    /// <summary>Topics of one broker: their list is one file that is written whole at each change.</summary>
    public const int TopicsMax = 10_000;

    /// <summary>Partitions of all topics of one broker.</summary>
    public const int PartitionsMax = 200_000;

    /// <summary>Deleted topics whose directories are not removed yet; over it no topic is deleted.</summary>
    public const int DeletedTopicsMax = 10_000;

    /// <summary>Partitions that one produce, fetch or list-offsets request may name.</summary>
    public const int PartitionsPerRequestMax = 20_000;

    /// <summary>Topics that one metadata request may name.</summary>
    public const int TopicsPerRequestMax = 10_000;

    /// <summary>Settings that one create-topic request may hold.</summary>
    public const int ConfigsPerTopicMax = 64;

    /// <summary>The longest name or value of a setting, in characters.</summary>
    public const int ConfigTextSizeMax = 256;

    /// <summary>Committed offsets of all groups: they are kept in memory.</summary>
    public const int CommittedOffsetsMax = 1_000_000;

    /// <summary>Bytes of the records that keep them, group ids and metadata among them.</summary>
    public const long CommittedOffsetBytesMax = 256L * 1024 * 1024;

    /// <summary>Committed offsets that one append forgets: a group that has more goes in several.</summary>
    public const int ForgottenAtOnceMax = 1_000;

    /// <summary>Bytes of requests without an answer of one connection; over it nothing is read from it.</summary>
    public const long RequestBytesInFlightMax = 32L * 1024 * 1024;

    /// <summary>Fetches of all connections that wait for records; over it a fetch that would wait is answered Busy.</summary>
    public const int ParkedFetchesMax = 100_000;

    /// <summary>Producer ids that are reserved at a time: how many a crash wastes at most.</summary>
    public const int ProducerIdBlock = 1_000;

    /// <summary>The longest a fetch waits, whatever it asks for.</summary>
    public static readonly TimeSpan FetchWaitMax = TimeSpan.FromMinutes(5);

    /// <summary>The longest a produce or create-topic request waits, whatever it asks for.</summary>
    public static readonly TimeSpan RequestTimeoutMax = TimeSpan.FromMinutes(5);

    /// <summary>How long a produce request waits that names no time.</summary>
    public static readonly TimeSpan ProduceTimeoutDefault = TimeSpan.FromSeconds(30);

    /// <summary>How long a create-topic request waits for its partitions when it carries no deadline.</summary>
    public static readonly TimeSpan CreateTopicWaitMax = TimeSpan.FromSeconds(30);

    /// <summary>A partition that could not be opened because the disk was full is tried again after this, when asked for.</summary>
    public static readonly TimeSpan OpenRetryDelay = TimeSpan.FromSeconds(5);

    /// <summary>How often it is told how far the opening of the partitions is.</summary>
    public static readonly TimeSpan RecoveryProgressInterval = TimeSpan.FromSeconds(1);

    /// <summary>How long a stop waits for requests in flight before it closes the connections.</summary>
    public static readonly TimeSpan StopRequestsWaitMax = TimeSpan.FromSeconds(4);
}

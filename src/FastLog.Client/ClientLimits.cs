namespace FastLog.Client;

/// <summary>The limits of the client and the ranges of its options. Sizes are bytes.</summary>
public static class ClientLimits
{
    /// <summary>Addresses in <see cref="ClientOptions.Servers"/>.</summary>
    public const int ServersMax = 64;

    /// <summary>The largest frame a broker may send.</summary>
    public const int FrameSizeMax = 64 << 20;

    /// <summary>Requests without an answer on one connection.</summary>
    public const int RequestsInFlightMax = 64;

    /// <summary>Batches of one partition without an answer of an idempotent producer: as many as the broker remembers.</summary>
    public const int SequencedBatchesMax = 64;

    /// <summary>Topics whose metadata is kept.</summary>
    public const int TopicsCachedMax = 10_000;

    /// <summary>Payload of one produce request.</summary>
    public const int RequestBytesMax = 16 << 20;

    /// <summary>Bytes that wait to be sent on one connection; no further produce request joins them above it.</summary>
    public const long QueuedBytesMax = 32 << 20;

    public const int BatchBytesMin = 1 << 10;

    public const int BatchBytesMax = 8 << 20;

    /// <summary>The first buffer of a batch in a partition that had no large batch yet; it grows from there.</summary>
    public const int BatchBytesFirst = 4 << 10;

    /// <summary>Failed batches that a producer remembers for the next flush; only counted beyond that.</summary>
    public const int FailuresKeptMax = 256;

    /// <summary>Partitions of one consumer.</summary>
    public const int ConsumerPartitionsMax = 100_000;

    /// <summary>Partitions in one fetch request; the others follow in turn.</summary>
    public const int FetchPartitionsMax = 10_000;

    /// <summary>
    /// Received answers a consumer holds that the application has not taken yet, per partition and in all.
    /// </summary>
    public const int PrefetchedResponsesMax = 2;
}

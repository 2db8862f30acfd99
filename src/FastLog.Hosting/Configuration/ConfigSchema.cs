namespace FastLog.Hosting.Configuration;

/// <summary>The one list of a broker's settings; help, validation and documents are made from it.</summary>
public static class ConfigSchema
{
    private const long MiB = 1L << 20;
    private const long GiB = 1L << 30;

    public static readonly ConfigKey DataDirectory = new(
        "broker.dataDirectory", ConfigKind.Text, "fastlog-data", "a directory", "Where everything that must survive is kept.");

    public static readonly ConfigKey Listen = new(
        "broker.listen", ConfigKind.Address, "127.0.0.1:9500", "HOST:PORT, port 0 picks one", "The address that clients connect to.");

    public static readonly ConfigKey Advertise = new(
        "broker.advertise", ConfigKind.Address, "0.0.0.0:0", "HOST:PORT; host 0.0.0.0 and port 0 stand for those listened on",
        "The address that clients are told to connect to: a proxy's, or the one outside of a container.");

    public static readonly ConfigKey Http = new(
        "http.listen", ConfigKind.OptionalAddress, "", "HOST:PORT, port 0 picks one; empty: no HTTP port",
        "The address of /livez, /readyz and /metrics; for operators, without authentication.");

    public static readonly ConfigKey NodeId = new(
        "broker.nodeId", ConfigKind.Number, "1", "1 to 1000000", "This broker's number in its cluster.", 1, 1_000_000);

    public static readonly ConfigKey AutoCreate = new(
        "topics.autoCreate", ConfigKind.Switch, "false", "true or false", "Topics appear on first use; for development.");

    public static readonly ConfigKey DefaultPartitions = new(
        "topics.defaultPartitions", ConfigKind.Number, "1", "1 to 10000", "Partitions of a topic made without a count.", 1, 10_000);

    public static readonly ConfigKey OffsetsRetention = new(
        "groups.offsetsRetention", ConfigKind.Duration, "7d", "1m to 3650d",
        "What a group committed is forgotten when it has committed nothing for so long.", 60_000, 3650L * 24 * 3600 * 1000);

    public static readonly ConfigKey ConnectionsMax = new(
        "network.connectionsMax", ConfigKind.Number, "10000", "1 to 1000000", "Connections at once.", 1, 1_000_000);

    public static readonly ConfigKey ConnectionsPerAddressMax = new(
        "network.connectionsPerAddressMax", ConfigKind.Number, "1000", "1 to 1000000", "Connections at once from one address.",
        1, 1_000_000);

    public static readonly ConfigKey RequestBytesMax = new(
        "network.requestBytesMax", ConfigKind.Size, "64MiB", "32MiB to 64GiB",
        "Bytes of requests in memory over all connections; above it connections are not read.", 32 * MiB, 64 * GiB);

    public static readonly ConfigKey IdleTimeout = new(
        "network.idleTimeout", ConfigKind.Duration, "10m", "1s to 30d", "A connection without a frame for this long is closed.",
        1_000, 30L * 24 * 3600 * 1000);

    public static readonly ConfigKey UnflushedBytesMax = new(
        "storage.unflushedBytesMax", ConfigKind.Size, "512MiB", "1MiB to 64GiB",
        "Bytes written and not yet flushed, over all partitions, above which the background flush runs.", MiB, 64 * GiB);

    public static readonly ConfigKey FreeReserve = new(
        "storage.freeReserve", ConfigKind.Size, "256MiB", "0B to 1024TiB",
        "Bytes of the file system that are kept free: below it records are refused, reads and deletions go on; 0B: none.", 0, 1L << 50);

    public static readonly ConfigKey FlushLanes = new(
        "storage.flushLanes", ConfigKind.Number, "4", "1 to 64", "Flushes that may run at once.", 1, 64);

    public static readonly ConfigKey ScrubRate = new(
        "scrub.rate", ConfigKind.Size, "10MiB", "0B to 64GiB",
        "Bytes a second that the scrubber reads and checks in the background; 0B: it does not run.", 0, 64 * GiB);

    public static readonly ConfigKey ScrubInterval = new(
        "scrub.interval", ConfigKind.Duration, "7d", "1m to 365d", "Between two rounds of the scrubber over all partitions; after a start the first one begins within it.",
        60_000, 365L * 24 * 3600 * 1000);

    public static readonly ConfigKey CompactionBytesPerSecondMax = new(
        "storage.compactionBytesPerSecondMax", ConfigKind.Size, "64MiB", "64KiB to 64GiB",
        "Bytes that compactions read and write a second, over all partitions.", 64L << 10, 64 * GiB);

    public static readonly ConfigKey CompactionMapBytesMax = new(
        "storage.compactionMapBytesMax", ConfigKind.Size, "64MiB", "1MiB to 16GiB",
        "Memory of the key map while a partition is compacted; more keys take more passes.", MiB, 16 * GiB);

    public static readonly ConfigKey StopTimeout = new(
        "broker.stopTimeout", ConfigKind.Duration, "10s", "1s to 1h", "How long a stop waits for requests in flight.", 1_000, 3_600_000);

    public static readonly ConfigKey LogLevel = new(
        "log.level", ConfigKind.Text, "information", "trace, debug, information, warning or error", "What is told on standard error.");

    public static IReadOnlyList<ConfigKey> Keys { get; } =
    [
        DataDirectory, Listen, Advertise, Http, NodeId, StopTimeout, AutoCreate, DefaultPartitions, OffsetsRetention, ConnectionsMax,
        ConnectionsPerAddressMax, RequestBytesMax, IdleTimeout, UnflushedBytesMax, FreeReserve, FlushLanes, CompactionBytesPerSecondMax,
        CompactionMapBytesMax, ScrubRate, ScrubInterval, LogLevel,
    ];

    /// <summary>The key of a name, ignoring case; null when there is none.</summary>
    public static ConfigKey? Find(string name) =>
        Keys.FirstOrDefault(key => string.Equals(key.Name, name, StringComparison.OrdinalIgnoreCase));
}

using System.Globalization;
using System.Net;
using FastLog.Broker.Topics;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Frames;
using FastLog.Protocol.Messages;
using FastLog.Storage;
using FastLog.Storage.Flushing;
using FastLog.Transport;

namespace FastLog.Broker;

/// <summary>How a broker runs.</summary>
public sealed record BrokerOptions
{
    /// <summary>The data directory, made if absent.</summary>
    public required string DataPath { get; init; }

    /// <summary>Where clients connect; port 0 picks one.</summary>
    public EndPoint ListenAddress { get; init; } = new IPEndPoint(IPAddress.Loopback, 9500);

    /// <summary>The host that metadata names; null: the listening address, or this machine's name when that is any address.</summary>
    public string? AdvertisedHost { get; init; }

    /// <summary>The port that metadata names; 0: the listening one.</summary>
    public int AdvertisedPort { get; init; }

    /// <summary>This broker's number, 1 or more; must stay the same for a data directory.</summary>
    public NodeId NodeId { get; init; } = new(1);

    /// <summary>A topic that a client asks metadata for, and that may be made, is made. For development.</summary>
    public bool AutoCreateTopics { get; init; }

    /// <summary>Partitions of a topic made without a count, 1 to <see cref="BrokerLimits.PartitionsPerTopicMax"/>.</summary>
    public int DefaultPartitionCount { get; init; } = 1;

    /// <summary>Topic settings in place of the built-in defaults.</summary>
    public IReadOnlyList<ConfigEntry> TopicDefaults { get; init; } = [];

    /// <summary>Partitions that are opened or recovered at once, 1 to 64.</summary>
    public int RecoveryParallelism { get; init; } = 4;

    /// <summary>The largest payload of a fetch response, 64 KiB to 12 MiB, in bytes.</summary>
    public int FetchSizeMax { get; init; } = MessageLimits.FetchSizeMaxDefault;

    /// <summary>Requests without an answer of one connection, 1 to 10,000.</summary>
    public int RequestsInFlightMax { get; init; } = MessageLimits.RequestsInFlightMaxDefault;

    /// <summary>Bytes of received requests of all connections, 32 MiB or more.</summary>
    public long RequestBytesMax { get; init; } = TransportLimits.InboundBytesMax;

    public int ConnectionsMax { get; init; } = TransportLimits.ConnectionsMax;

    public int ConnectionsPerAddressMax { get; init; } = TransportLimits.ConnectionsPerAddressMax;

    /// <summary>A connection on which nothing moves for so long is closed; 1 s or more.</summary>
    public TimeSpan IdleTimeout { get; init; } = TransportLimits.IdleLimit;

    /// <summary>Offsets of a group that has committed nothing for so long are forgotten; 1 minute or more.</summary>
    public TimeSpan OffsetsRetention { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How often it is looked for such groups; 1 s or more.</summary>
    public TimeSpan OffsetsCheckInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Group commit's bounds.</summary>
    public FlushOptions Flush { get; init; } = new();

    /// <summary>Bytes of the data directory's file system that are kept free: below it records are refused; 0: none.</summary>
    public long FreeReserve { get; init; }

    /// <summary>Bytes a second that the scrubber reads at most; 0: it does not run.</summary>
    public long ScrubRate { get; init; } = 10L << 20;

    /// <summary>Between two rounds of the scrubber; 1 s or more.</summary>
    public TimeSpan ScrubInterval { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Partitions that stay open for appends while they rest: each takes three files and two mappings.</summary>
    public int WarmLogsMax { get; init; } = StorageLimits.WarmLogsMax;

    /// <summary>What the compactions of all partitions may take together.</summary>
    public CompactionOptions Compaction { get; init; } = new();

    /// <exception cref="BrokerOptionsException">A value is not allowed: the message names it.</exception>
    public void Validate()
    {
        if (string.IsNullOrWhiteSpace(DataPath))
            throw new BrokerOptionsException(nameof(DataPath), DataPath ?? "", "a directory");
        InRange(nameof(NodeId), NodeId.Value, 1, 1_000_000);
        InRange(nameof(AdvertisedPort), AdvertisedPort, 0, ushort.MaxValue);
        InRange(nameof(DefaultPartitionCount), DefaultPartitionCount, 1, BrokerLimits.PartitionsPerTopicMax);
        InRange(nameof(RecoveryParallelism), RecoveryParallelism, 1, 64);
        InRange(nameof(FetchSizeMax), FetchSizeMax, 64 << 10, MessageLimits.FetchSizeMaxDefault);
        InRange(nameof(RequestsInFlightMax), RequestsInFlightMax, 1, 10_000);
        InRange(nameof(RequestBytesMax), RequestBytesMax, 2L * FrameLimits.FrameSizeMaxDefault, 1L << 40);
        InRange(nameof(ConnectionsMax), ConnectionsMax, 1, 1_000_000);
        InRange(nameof(ConnectionsPerAddressMax), ConnectionsPerAddressMax, 1, 1_000_000);
        InRange(nameof(FreeReserve), FreeReserve, 0, 1L << 50);
        InRange(nameof(ScrubRate), ScrubRate, 0, 1L << 40);
        InRange(nameof(WarmLogsMax), WarmLogsMax, 1, 1_000_000);
        InRange(nameof(ScrubInterval), (long)ScrubInterval.TotalMilliseconds, 1_000, 365L * 24 * 3600 * 1000);
        InRange(nameof(IdleTimeout), (long)IdleTimeout.TotalMilliseconds, 1_000, 30L * 24 * 3600 * 1000);
        InRange(nameof(OffsetsRetention), (long)OffsetsRetention.TotalMilliseconds, 60_000, 3650L * 24 * 3600 * 1000);
        InRange(nameof(OffsetsCheckInterval), (long)OffsetsCheckInterval.TotalMilliseconds, 1_000, 24L * 3600 * 1000);
        if (!TopicConfigs.TryNormalize(TopicDefaults, out _, out string? problem))
            throw new BrokerOptionsException(nameof(TopicDefaults), Show(TopicDefaults), problem);
    }

    internal LogDirectoryOptions DirectoryOptions(IBrokerLog log) => new()
    {
        NodeId = NodeId,
        Flush = Flush,
        FreeReserve = FreeReserve,
        ScrubRate = ScrubRate,
        ScrubInterval = ScrubInterval,
        WarmLogsMax = WarmLogsMax,
        Compaction = Compaction,
        OnEvent = log.Storage,
    };

    internal ServerOptions ServerOptions() => new()
    {
        ConnectionsMax = ConnectionsMax,
        ConnectionsPerAddressMax = ConnectionsPerAddressMax,
        Frames = new FrameConnectionOptions { IdleLimit = IdleTimeout, Budget = new InboundBudget(RequestBytesMax) },
    };

    internal (string Host, int Port) Advertised(EndPoint listening)
    {
        int port = listening switch
        {
            IPEndPoint ip => ip.Port,
            DnsEndPoint dns => dns.Port,
            _ => 0,
        };
        string host = listening switch
        {
            IPEndPoint { Address: var address } when IsAny(address) => Environment.MachineName,
            IPEndPoint ip => ip.Address.ToString(),
            DnsEndPoint dns => dns.Host,
            _ => listening.ToString() ?? "",
        };
        return (AdvertisedHost ?? host, AdvertisedPort == 0 ? port : AdvertisedPort);
    }

    private static bool IsAny(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    private static string Show(IReadOnlyList<ConfigEntry> entries) =>
        string.Join(",", entries.Select(entry => $"{entry.Key}={entry.Value}"));

    private static void InRange(string name, long value, long min, long max)
    {
        if (value < min || value > max)
            throw new BrokerOptionsException(name, value.ToString(CultureInfo.InvariantCulture), $"{min} to {max}");
    }
}

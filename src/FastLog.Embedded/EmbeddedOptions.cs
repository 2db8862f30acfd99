using FastLog.Broker;
using FastLog.Client;
using FastLog.Protocol.Messages;
using FastLog.Storage.Flushing;

namespace FastLog.Embedded;

/// <summary>How an embedded log runs; the defaults are those of a broker for production, but topics appear on first use.</summary>
public sealed record EmbeddedOptions
{
    /// <summary>A topic that a producer sends to is made if it is missing.</summary>
    public bool AutoCreateTopics { get; init; } = true;

    /// <summary>Partitions of a topic made without a count, 1 to 10,000.</summary>
    public int DefaultPartitionCount { get; init; } = 1;

    /// <summary>What an acknowledged record waits for, in topics that do not set <c>flush</c> themselves.</summary>
    public FlushMode Flush { get; init; } = FlushMode.Ack;

    /// <summary>Other topic settings in place of the built-in defaults, such as <c>retention.ms</c> = <c>1d</c>; not <c>flush</c>.</summary>
    public IReadOnlyList<ConfigEntry> TopicDefaults { get; init; } = [];

    /// <summary>Offsets of a group that has committed nothing for so long are forgotten; 1 minute or more.</summary>
    public TimeSpan OffsetsRetention { get; init; } = TimeSpan.FromDays(7);

    /// <summary>For one call with all of its retries. More than zero.</summary>
    public TimeSpan RequestTimeout { get; init; } = ClientOptions.DefaultRequestTimeout;

    /// <summary>What the broker's side tells: state changes, damage, failures.</summary>
    public IBrokerLog BrokerLog { get; init; } = SilentBrokerLog.Instance;

    /// <summary>What the client's side tells, or null.</summary>
    public ClientLog? ClientLog { get; init; }

    internal IReadOnlyList<ConfigEntry> AllTopicDefaults =>
        [.. TopicDefaults, new ConfigEntry("flush", Flush.ToString().ToLowerInvariant())];
}

using FastLog.Protocol.Messages;

namespace FastLog.Broker.Topics;

/// <summary>Topics that the broker keeps for itself: clients may read them, but not write, change or delete them.</summary>
internal static class InternalTopics
{
    public const string CommittedOffsets = "__committed_offsets";

    /// <summary>
    /// Whatever the broker's defaults say: an answered commit is on the device, the last one of each group and partition stays, and
    /// a start has little more to read than those. A tombstone stays for longer than reading a partition may take.
    /// </summary>
    public static readonly IReadOnlyList<ConfigEntry> CommittedOffsetsConfigs =
    [
        new("cleanup.policy", "compact"),
        new("delete.retention.ms", "86400000"),
        new("flush", "ack"),
        new("min.cleanable.dirty.ratio", "0.5"),
        new("min.compaction.lag.ms", "0"),
        new("segment.bytes", "16777216"),
    ];

    public static bool Contains(string name) => string.Equals(name, CommittedOffsets, StringComparison.Ordinal);
}

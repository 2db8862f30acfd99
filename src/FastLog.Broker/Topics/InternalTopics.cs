using FastLog.Protocol.Messages;

namespace FastLog.Broker.Topics;

/// <summary>Topics that the broker keeps for itself: clients may read them, but not write, change or delete them.</summary>
internal static class InternalTopics
{
    public const string CommittedOffsets = "__committed_offsets";

    /// <summary>An answered commit is on the device, and nothing is deleted by age or size, whatever the broker's defaults say.</summary>
    public static readonly IReadOnlyList<ConfigEntry> CommittedOffsetsConfigs =
        [new("flush", "ack"), new("retention.bytes", "-1"), new("retention.ms", "-1"), new("segment.bytes", "104857600")];

    public static bool Contains(string name) => string.Equals(name, CommittedOffsets, StringComparison.Ordinal);
}

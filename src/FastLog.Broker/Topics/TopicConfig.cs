using System.Globalization;
using FastLog.Protocol.Messages;
using FastLog.Storage;
using FastLog.Storage.Flushing;

namespace FastLog.Broker.Topics;

/// <summary>A topic's settings in force: what is set on it, over the broker's defaults, over the built-in ones. Immutable.</summary>
public sealed class TopicConfig
{
    private readonly ConfigValue[] _values;

    /// <param name="set">What is set on the topic, normalized.</param>
    /// <param name="brokerDefaults">The broker's own defaults, normalized.</param>
    /// <param name="isInternal">The topic is the broker's own, and may use the space that is kept free.</param>
    public TopicConfig(IReadOnlyList<ConfigEntry> set, IReadOnlyList<ConfigEntry> brokerDefaults, bool isInternal)
    {
        ArgumentNullException.ThrowIfNull(set);
        ArgumentNullException.ThrowIfNull(brokerDefaults);
        _values = [.. TopicConfigs.All.Select(definition => Resolve(definition, set, brokerDefaults))];
        FlushPolicy policy = Text(TopicConfigs.Flush) switch
        {
            "interval" => FlushPolicy.Every(Time(TopicConfigs.FlushMs), Number(TopicConfigs.FlushBytes)),
            "os" => FlushPolicy.Os,
            _ => FlushPolicy.Ack,
        };
        bool isDeleted = Text(TopicConfigs.CleanupPolicy) != "compact";
        LogOptions = new PartitionLogOptions
        {
            Flush = policy,
            SegmentSizeMax = Number(TopicConfigs.SegmentBytes),
            SegmentAgeMax = Time(TopicConfigs.SegmentMs),
            RetentionAgeMax = isDeleted && Limit(TopicConfigs.RetentionMs) is { } ms ? TimeSpan.FromMilliseconds(ms) : null,
            RetentionSizeMax = isDeleted ? Limit(TopicConfigs.RetentionBytes) : null,
            Compaction = Compaction(),
            MayUseReserve = isInternal,
            BatchSizeMax = (int)Number(TopicConfigs.MaxMessageBytes),
            ProducerExpiration = Time(TopicConfigs.ProducerIdExpirationMs),
            TimestampAheadMax = Time(TopicConfigs.MessageTimestampAfterMaxMs),
        };
    }

    /// <summary>All settings with their values and where they come from, ascending by key.</summary>
    public IReadOnlyList<ConfigValue> Values => _values;

    /// <summary>The settings as the storage takes them.</summary>
    public PartitionLogOptions LogOptions { get; }

    /// <summary>What an acknowledged record survives on this broker alone.</summary>
    public Durability Durability => LogOptions.Flush.Mode == FlushMode.Ack ? Durability.ThisDisk : Durability.PageCache;

    private CompactionPolicy? Compaction()
    {
        if (Text(TopicConfigs.CleanupPolicy) == "delete")
            return null;
        TimeSpan lagMin = Time(TopicConfigs.MinCompactionLagMs);
        bool isNever = Text(TopicConfigs.MaxCompactionLagMs) == TopicConfigs.Never;
        TimeSpan lagMax = isNever ? TimeSpan.MaxValue : Time(TopicConfigs.MaxCompactionLagMs);
        return new CompactionPolicy
        {
            TombstoneRetention = Time(TopicConfigs.DeleteRetentionMs),
            LagMin = lagMin,

            // Either may come from the broker's defaults: the one that keeps records counts.
            LagMax = lagMax < lagMin ? lagMin : lagMax,
            DirtyRatioMin = double.Parse(Text(TopicConfigs.MinCleanableDirtyRatio), CultureInfo.InvariantCulture),
        };
    }

    private string Text(TopicConfigDefinition definition) =>
        _values.First(value => value.Key == definition.Name).Value;

    private long Number(TopicConfigDefinition definition) => long.Parse(Text(definition), CultureInfo.InvariantCulture);

    private long? Limit(TopicConfigDefinition definition) =>
        Text(definition) == TopicConfigs.Unlimited ? null : Number(definition);

    private TimeSpan Time(TopicConfigDefinition definition) => TimeSpan.FromMilliseconds(Number(definition));

    private static ConfigValue Resolve(
        TopicConfigDefinition definition, IReadOnlyList<ConfigEntry> set, IReadOnlyList<ConfigEntry> brokerDefaults)
    {
        if (Find(set, definition.Name) is { } own)
            return new ConfigValue(definition.Name, own, ConfigSource.Topic);
        return Find(brokerDefaults, definition.Name) is { } general
            ? new ConfigValue(definition.Name, general, ConfigSource.Broker)
            : new ConfigValue(definition.Name, definition.Default, ConfigSource.Default);
    }

    private static string? Find(IReadOnlyList<ConfigEntry> entries, string name)
    {
        foreach (ConfigEntry entry in entries)
        {
            if (string.Equals(entry.Key, name, StringComparison.Ordinal))
                return entry.Value;
        }

        return null;
    }
}

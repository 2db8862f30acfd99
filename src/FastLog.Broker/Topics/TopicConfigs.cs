using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Messages;

namespace FastLog.Broker.Topics;

/// <summary>The one list of topic settings, and the check of values against it.</summary>
public static class TopicConfigs
{
    /// <summary>Written for no bound, where a setting may have none.</summary>
    public const string Unlimited = "-1";

    /// <summary>Written for never, where Kafka's users write the largest number.</summary>
    public const string Never = "9223372036854775807";

    private const long DayMs = 24L * 3600 * 1000;

    public static readonly TopicConfigDefinition CleanupPolicy = new(
        "cleanup.policy", TopicConfigType.Choice, "delete", "delete, compact or compact,delete",
        "Old segments are deleted, or the last record of each key is kept, or both.", 0, 0,
        ["compact", "compact,delete", "delete", "delete,compact"]);

    /// <summary>The broker does not work on records, so that it never compresses them anew.</summary>
    public static readonly TopicConfigDefinition CompressionType = new(
        "compression.type", TopicConfigType.Choice, "producer", "producer (set the codec in the producer: --compression)",
        "Batches are stored as their producer compressed them.", 0, 0, ["producer"]);

    public static readonly TopicConfigDefinition DeleteRetentionMs = new(
        "delete.retention.ms", TopicConfigType.Duration, Number(DayMs), "0 to 36500d",
        "With cleanup.policy=compact: how long a tombstone stays after its first compaction.", 0, 36_500 * DayMs, []);

    /// <summary>What an acknowledgement waits for.</summary>
    public static readonly TopicConfigDefinition Flush = new(
        "flush", TopicConfigType.Choice, "ack", "ack, interval or os",
        "When records are forced to the device: before they are acknowledged, by time or bytes, or when the system likes.",
        0, 0, ["ack", "interval", "os"]);

    public static readonly TopicConfigDefinition FlushBytes = new(
        "flush.bytes", TopicConfigType.Size, "67108864", "1KiB to 16GiB",
        "With flush=interval: a flush starts when this many bytes wait for it.", 1024, 16L << 30, []);

    public static readonly TopicConfigDefinition FlushMs = new(
        "flush.ms", TopicConfigType.Duration, "1000", "1ms to 1d",
        "With flush=interval: the longest time between a write and its flush.", 1, DayMs, []);

    public static readonly TopicConfigDefinition MaxCompactionLagMs = new(
        "max.compaction.lag.ms", TopicConfigType.Duration, Never, $"1s to 36500d, or {Never} (never)",
        "With cleanup.policy=compact: a record is compacted about this long after its append at the latest.",
        1000, 36_500 * DayMs, [Never]);

    public static readonly TopicConfigDefinition MaxMessageBytes = new(
        "max.message.bytes", TopicConfigType.Size, Number(MessageLimits.BatchSizeMaxDefault),
        "1KiB to 8MiB", "The largest record batch, as it is on the wire.", 1024, MessageLimits.BatchSizeMaxDefault, []);

    public static readonly TopicConfigDefinition MessageTimestampAfterMaxMs = new(
        "message.timestamp.after.max.ms", TopicConfigType.Duration, "3600000", "0 to 36500d",
        "How far ahead of the broker's clock a record's timestamp may lie.", 0, 36_500 * DayMs, []);

    public static readonly TopicConfigDefinition MinCleanableDirtyRatio = new(
        "min.cleanable.dirty.ratio", TopicConfigType.Ratio, "0.5", "0 to 1",
        "With cleanup.policy=compact: a compaction begins when this part of the log is new.", 0, 1, []);

    public static readonly TopicConfigDefinition MinCompactionLagMs = new(
        "min.compaction.lag.ms", TopicConfigType.Duration, "0", "0 to 36500d",
        "With cleanup.policy=compact: a record is not compacted away before this time.", 0, 36_500 * DayMs, []);

    public static readonly TopicConfigDefinition MinInSyncReplicas = new(
        "min.insync.replicas", TopicConfigType.Count, "1", "1",
        "Replicas that must have a record before acks=all is answered.", 1, 1, []);

    public static readonly TopicConfigDefinition ProducerIdExpirationMs = new(
        "producer.id.expiration.ms", TopicConfigType.Duration, Number(DayMs), "1s to 3650d",
        "How long an idempotent producer may be silent before a partition forgets it.", 1000, 3650 * DayMs, []);

    public static readonly TopicConfigDefinition RetentionBytes = new(
        "retention.bytes", TopicConfigType.Size, Unlimited, "-1 (no bound) or 0 to 8192TiB",
        "The oldest segments of a partition are deleted while the others hold at least this much.", 0, 8L << 50, [Unlimited]);

    public static readonly TopicConfigDefinition RetentionMs = new(
        "retention.ms", TopicConfigType.Duration, Number(7 * DayMs), "-1 (for ever) or 0 to 36500d",
        "A segment is deleted when its last record was appended this long ago.", 0, 36_500 * DayMs, [Unlimited]);

    public static readonly TopicConfigDefinition SegmentBytes = new(
        "segment.bytes", TopicConfigType.Size, "1073741824", "64KiB to 1GiB",
        "A segment file is closed and the next one begun before it grows past this.", 64 << 10, 1L << 30, []);

    public static readonly TopicConfigDefinition SegmentMs = new(
        "segment.ms", TopicConfigType.Duration, Number(7 * DayMs), "1s to 3650d",
        "A segment file is closed by the first append that comes this long after its first one.", 1000, 3650 * DayMs, []);

    // Names that Kafka's users will try: told as missing, not as misspelled.
    private static readonly string[] NotAvailable =
    [
        "file.delete.delay.ms", "flush.messages",
        "index.interval.bytes", "local.retention.bytes", "local.retention.ms",
        "message.timestamp.before.max.ms", "message.timestamp.type",
        "preallocate", "remote.storage.enable",
        "segment.index.bytes", "segment.jitter.ms", "unclean.leader.election.enable",
    ];

    /// <summary>All settings, ascending by name.</summary>
    public static IReadOnlyList<TopicConfigDefinition> All { get; } =
    [
        CleanupPolicy, CompressionType, DeleteRetentionMs, Flush, FlushBytes, FlushMs, MaxCompactionLagMs, MaxMessageBytes,
        MessageTimestampAfterMaxMs, MinCleanableDirtyRatio, MinCompactionLagMs, MinInSyncReplicas,
        ProducerIdExpirationMs, RetentionBytes, RetentionMs, SegmentBytes, SegmentMs,
    ];

    public static TopicConfigDefinition? Find(string name) =>
        All.FirstOrDefault(definition => string.Equals(definition.Name, name, StringComparison.Ordinal));

    /// <summary>
    /// Checks settings and brings them into the stored form: plain numbers in the name's unit, ascending by key. False
    /// with a sentence when a name is unknown or given twice, or a value is not allowed.
    /// </summary>
    public static bool TryNormalize(
        IReadOnlyList<ConfigEntry> given,
        [NotNullWhen(true)] out IReadOnlyList<ConfigEntry>? normal,
        [NotNullWhen(false)] out string? problem)
    {
        ArgumentNullException.ThrowIfNull(given);
        normal = null;
        problem = null;
        if (given.Count > BrokerLimits.ConfigsPerTopicMax)
        {
            problem = $"{given.Count} settings are too many; a topic takes {BrokerLimits.ConfigsPerTopicMax}";
            return false;
        }

        var sorted = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (ConfigEntry entry in given)
        {
            problem = Check(entry, out string value);
            if (problem is null && !sorted.TryAdd(entry.Key, value))
                problem = $"the topic setting '{entry.Key}' is given twice";
            if (problem is not null)
                return false;
        }

        normal = [.. sorted.Select(pair => new ConfigEntry(pair.Key, pair.Value))];
        return true;
    }

    /// <summary>
    /// What is set on a topic after a change, in the stored form. False with a sentence when a name is unknown, given twice or
    /// to be set and unset, or a value is not allowed.
    /// </summary>
    public static bool TryMerge(
        IReadOnlyList<ConfigEntry> present,
        IReadOnlyList<ConfigEntry> set,
        IReadOnlyList<string> unset,
        [NotNullWhen(true)] out IReadOnlyList<ConfigEntry>? merged,
        [NotNullWhen(false)] out string? problem)
    {
        ArgumentNullException.ThrowIfNull(present);
        ArgumentNullException.ThrowIfNull(unset);
        merged = null;
        if (!TryNormalize(set, out IReadOnlyList<ConfigEntry>? changed, out problem))
            return false;
        foreach (string name in unset)
        {
            if (Find(name) is null)
                problem = Unknown(name);
            else if (changed.Any(entry => entry.Key == name))
                problem = $"the topic setting '{name}' is to be set and unset at once";
            if (problem is not null)
                return false;
        }

        IEnumerable<ConfigEntry> kept = present.Where(
            entry => !unset.Contains(entry.Key) && !changed.Any(other => other.Key == entry.Key));
        merged = [.. kept.Concat(changed).OrderBy(entry => entry.Key, StringComparer.Ordinal)];
        return true;
    }

    private static string? Check(in ConfigEntry entry, out string normal)
    {
        normal = "";
        string name = entry.Key ?? "";
        string value = (entry.Value ?? "").Trim();
        if (name.Length > BrokerLimits.ConfigTextSizeMax || value.Length > BrokerLimits.ConfigTextSizeMax)
            return $"a topic setting is longer than {BrokerLimits.ConfigTextSizeMax} characters";
        if (Find(name) is not { } definition)
            return Unknown(name);
        if (definition.Type == TopicConfigType.Choice || definition.Choices.Contains(value))
        {
            normal = value;
            return definition.Choices.Contains(value) ? null : Refuse(definition, value);
        }

        if (definition.Type == TopicConfigType.Ratio)
        {
            bool isRatio = decimal.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal ratio)
                && ratio >= definition.Min
                && ratio <= definition.Max;
            normal = isRatio ? ratio.ToString("0.############", CultureInfo.InvariantCulture) : "";
            return isRatio ? null : Refuse(definition, value);
        }

        if (!TryNumber(definition.Type, value, out long number) || number < definition.Min || number > definition.Max)
            return Refuse(definition, value);
        normal = Number(number);
        return null;
    }

    private static bool TryNumber(TopicConfigType type, string value, out long number)
    {
        number = 0;
        if (type == TopicConfigType.Size)
            return SizeText.TryParse(value, out number);
        if (type == TopicConfigType.Count)
            return long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out number);
        if (!DurationText.TryParse(value, TimeSpan.FromMilliseconds(1), out TimeSpan duration))
            return false;
        number = duration.Ticks / TimeSpan.TicksPerMillisecond;
        return true;
    }

    private static string Unknown(string name)
    {
        if (NotAvailable.Contains(name, StringComparer.Ordinal))
        {
            string hint = name == "flush.messages" ? "; flush.bytes and flush.ms are" : "";
            return $"the topic setting '{name}' is not available in this version{hint}";
        }

        string nearest = Suggestion.Phrase(name, All.Select(definition => definition.Name));
        string known = nearest.Length > 0 ? nearest : "; known: " + string.Join(", ", All.Select(definition => definition.Name));
        return $"the topic setting '{name}' is unknown{known}";
    }

    private static string Refuse(TopicConfigDefinition definition, string value) =>
        $"the topic setting {definition.Name}='{value}' is not allowed; allowed: {definition.Allowed}";

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}

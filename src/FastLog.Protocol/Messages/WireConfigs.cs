using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Arrays of topic settings, as several messages have them.</summary>
internal static class WireConfigs
{
    private const int EntrySizeMin = 2 * WireSize.EmptyString;
    private const int ValueSizeMin = EntrySizeMin + WireSize.Enum;

    public static int SizeOf(IReadOnlyList<ConfigEntry> entries)
    {
        int size = WireSize.Count;
        for (int i = 0; i < entries.Count; i++)
            size += WireSize.String(entries[i].Key) + WireSize.String(entries[i].Value);
        return size;
    }

    public static void Write(ref WireWriter writer, IReadOnlyList<ConfigEntry> entries)
    {
        writer.WriteSize(entries.Count);
        for (int i = 0; i < entries.Count; i++)
        {
            writer.WriteString(entries[i].Key);
            writer.WriteString(entries[i].Value);
        }
    }

    public static ConfigEntry[] ReadEntries(ref WireReader reader) =>
        WireLists.ReadArray(ref reader, EntrySizeMin, static (ref WireReader from) => new ConfigEntry(
            from.ReadString(), from.ReadString()));

    public static int SizeOf(IReadOnlyList<ConfigValue> values)
    {
        int size = WireSize.Count;
        for (int i = 0; i < values.Count; i++)
            size += WireSize.String(values[i].Key) + WireSize.String(values[i].Value) + WireSize.Enum;
        return size;
    }

    public static void Write(ref WireWriter writer, IReadOnlyList<ConfigValue> values)
    {
        writer.WriteSize(values.Count);
        for (int i = 0; i < values.Count; i++)
        {
            writer.WriteString(values[i].Key);
            writer.WriteString(values[i].Value);
            writer.WriteEnum((int)values[i].Source);
        }
    }

    public static ConfigValue[] ReadValues(ref WireReader reader) =>
        WireLists.ReadArray(ref reader, ValueSizeMin, static (ref WireReader from) => new ConfigValue(
            from.ReadString(), from.ReadString(), (ConfigSource)from.ReadEnum((int)ConfigSource.Topic)));
}

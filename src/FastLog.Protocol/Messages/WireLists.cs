using FastLog.Primitives;
using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Arrays that several messages share.</summary>
internal static class WireLists
{
    public const int ApiRangeSize = 3 * sizeof(ushort);

    public delegate T ReadElement<T>(ref WireReader reader);

    /// <summary>A u32 count and the elements; empty after a defect.</summary>
    public static T[] ReadArray<T>(ref WireReader reader, int elementSizeMin, ReadElement<T> readElement)
    {
        int count = reader.ReadCount(elementSizeMin);
        if (count == 0)
            return [];
        var elements = new T[count];
        for (int i = 0; i < count && reader.IsOk; i++)
            elements[i] = readElement(ref reader);
        return elements;
    }

    public static string[] ReadStrings(ref WireReader reader) =>
        ReadArray(ref reader, WireSize.EmptyString, static (ref WireReader from) => from.ReadString());

    public static void WriteStrings(ref WireWriter writer, IReadOnlyList<string> values)
    {
        writer.WriteSize(values.Count);
        for (int i = 0; i < values.Count; i++)
            writer.WriteString(values[i]);
    }

    public static NodeId[] ReadNodes(ref WireReader reader) =>
        ReadArray(ref reader, WireSize.Node, static (ref WireReader from) => from.ReadNode());

    public static void WriteNodes(ref WireWriter writer, IReadOnlyList<NodeId> values)
    {
        writer.WriteSize(values.Count);
        for (int i = 0; i < values.Count; i++)
            writer.WriteNode(values[i]);
    }

    public static int SizeOfRanges(IReadOnlyList<ApiRange> ranges) => WireSize.Count + (ranges.Count * ApiRangeSize);

    public static ApiRange[] ReadRanges(ref WireReader reader) =>
        ReadArray(ref reader, ApiRangeSize, static (ref WireReader from) => new ApiRange(
            (ApiKey)from.ReadU16(), new ApiVersion(from.ReadU16()), new ApiVersion(from.ReadU16())));

    public static void WriteRanges(ref WireWriter writer, IReadOnlyList<ApiRange> ranges)
    {
        writer.WriteSize(ranges.Count);
        for (int i = 0; i < ranges.Count; i++)
        {
            writer.WriteU16((ushort)ranges[i].Key);
            writer.WriteU16(ranges[i].First.Value);
            writer.WriteU16(ranges[i].Last.Value);
        }
    }

    public static int SizeOf(in TopicReference topic) => WireSize.String(topic.Name) + WireSize.Uid;

    public static TopicReference ReadTopic(ref WireReader reader) => new(reader.ReadString(), reader.ReadTopicId());

    public static void WriteTopic(ref WireWriter writer, in TopicReference topic)
    {
        writer.WriteString(topic.Name);
        writer.WriteTopicId(topic.Id);
    }
}

using System.Buffers.Binary;
using System.Text;
using FastLog.Primitives;
using FastLog.Protocol.Messages;

namespace FastLog.Broker.Topics;

/// <summary>The content of the local topic file, inside of an atomic file; told in <c>protocol-spec/disk/topic-list.md</c>.</summary>
internal static class TopicFile
{
    public const ushort Version = 1;

    public const uint Magic = 0x464C5450; // "FLTP"

    private const int TopicCountAt = 0;
    private const int DeletedCountAt = TopicCountAt + sizeof(int);
    private const int EntriesAt = DeletedCountAt + sizeof(int);

    // The fixed parts of an entry: no count can promise more entries than the bytes hold.
    private const int TopicSizeMin = Uid128.Size + sizeof(int) + sizeof(int) + sizeof(ushort) + sizeof(ushort);
    private const int DeletedSizeMin = Uid128.Size + sizeof(ushort);

    public static byte[] Encode(TopicCatalog catalog)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream, Encoding.UTF8);
        WriteInt32(writer, catalog.Topics.Count);
        WriteInt32(writer, catalog.Deleted.Count);
        foreach (Topic topic in catalog.Topics)
            WriteTopic(writer, topic);
        foreach (DeletedTopic deleted in catalog.Deleted)
        {
            WriteId(writer, deleted.Id);
            WriteText(writer, deleted.Name);
        }

        writer.Flush();
        return stream.ToArray();
    }

    /// <exception cref="TopicStoreException">The bytes are not what <see cref="Encode"/> makes.</exception>
    public static TopicCatalog Decode(ReadOnlySpan<byte> bytes, string path)
    {
        if (bytes.Length < EntriesAt)
            throw Corrupt(path, "is damaged: it is too short");
        var reader = new Reader(bytes[EntriesAt..], path);
        int topicCount = BinaryPrimitives.ReadInt32BigEndian(bytes[TopicCountAt..]);
        int deletedCount = BinaryPrimitives.ReadInt32BigEndian(bytes[DeletedCountAt..]);
        Topic[] topics = new Topic[reader.CheckCount(topicCount, TopicSizeMin)];
        for (int i = 0; i < topics.Length; i++)
            topics[i] = ReadTopic(ref reader);
        var deleted = new DeletedTopic[reader.CheckCount(deletedCount, DeletedSizeMin)];
        for (int i = 0; i < deleted.Length; i++)
            deleted[i] = new DeletedTopic(reader.Id(), reader.Text());
        reader.CheckEnd();
        return new TopicCatalog(topics, deleted);
    }

    public static TopicStoreException Corrupt(string path, string details) => new(
        TopicStoreFault.Corrupt, path, $"{details}; nothing was changed: restore the file from a backup before starting again");

    private static void WriteTopic(BinaryWriter writer, Topic topic)
    {
        WriteId(writer, topic.Id);
        WriteText(writer, topic.Name);
        WriteInt32(writer, topic.PartitionCount);
        WriteInt32(writer, topic.ReplicationFactor);
        WriteUInt16(writer, topic.Configs.Count);
        foreach (ConfigEntry entry in topic.Configs)
        {
            WriteText(writer, entry.Key);
            WriteText(writer, entry.Value);
        }
    }

    private static Topic ReadTopic(ref Reader reader)
    {
        TopicId id = reader.Id();
        string name = reader.Text();
        int partitions = reader.Int32();
        int replicas = reader.Int32();
        var configs = new ConfigEntry[reader.CheckCount(reader.UInt16(), 2 * sizeof(ushort))];
        for (int i = 0; i < configs.Length; i++)
            configs[i] = new ConfigEntry(reader.Text(), reader.Text());
        if (TopicName.Problem(name) is not null || partitions is < 1 or > BrokerLimits.PartitionsPerTopicMax || replicas < 1)
            throw Corrupt(reader.Path, $"holds an impossible topic '{name}'");
        return new Topic(id, name, partitions, replicas, configs);
    }

    private static void WriteId(BinaryWriter writer, TopicId id)
    {
        Span<byte> bytes = stackalloc byte[Uid128.Size];
        id.Value.Write(bytes);
        writer.Write(bytes);
    }

    private static void WriteText(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        WriteUInt16(writer, bytes.Length);
        writer.Write(bytes);
    }

    private static void WriteInt32(BinaryWriter writer, int value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        writer.Write(bytes);
    }

    private static void WriteUInt16(BinaryWriter writer, int value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, checked((ushort)value));
        writer.Write(bytes);
    }

    private ref struct Reader(ReadOnlySpan<byte> bytes, string path)
    {
        private ReadOnlySpan<byte> _rest = bytes;

        public string Path { get; } = path;

        public TopicId Id() => new(Uid128.Read(Take(Uid128.Size)));

        public int Int32() => BinaryPrimitives.ReadInt32BigEndian(Take(sizeof(int)));

        public ushort UInt16() => BinaryPrimitives.ReadUInt16BigEndian(Take(sizeof(ushort)));

        public string Text() => Encoding.UTF8.GetString(Take(UInt16()));

        public readonly int CheckCount(int count, int sizeMin)
        {
            if (count < 0 || (long)count * sizeMin > _rest.Length)
                throw Corrupt(Path, "is damaged: a count promises more than the file holds");
            return count;
        }

        public readonly void CheckEnd()
        {
            if (!_rest.IsEmpty)
                throw Corrupt(Path, "is damaged: bytes are left after the last entry");
        }

        private ReadOnlySpan<byte> Take(int count)
        {
            if (count > _rest.Length)
                throw Corrupt(Path, "is damaged: it ends in the middle of an entry");
            ReadOnlySpan<byte> taken = _rest[..count];
            _rest = _rest[count..];
            return taken;
        }
    }
}

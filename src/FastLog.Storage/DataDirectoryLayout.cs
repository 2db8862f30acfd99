using System.Globalization;
using FastLog.Primitives;
using FastLog.Storage.Disk;

namespace FastLog.Storage;

/// <summary>The names in a data directory: protocol-spec/disk/meta.md.</summary>
internal static class DataDirectoryLayout
{
    public const string Topics = "topics";
    public const string Recovery = "recovery";
    public const string Meta = "meta";

    private const int IdDigits = 2 * Uid128.Size;

    public static string TopicDirectory(string root, TopicId id, string topicName) => $"{root}/{Topics}/{topicName}-{id}";

    public static string PartitionDirectory(string root, TopicPartition id, string topicName) =>
        $"{TopicDirectory(root, id.Topic, topicName)}/{id.Partition}";

    /// <summary>Letters, digits, '.', '_' and '-', 1 to 249 of them, and not "." or "..".</summary>
    public static bool IsTopicName(string name)
    {
        if (name.Length is 0 or > StorageLimits.TopicNameLengthMax)
            return false;
        if (name is "." or "..")
            return false;
        foreach (char letter in name)
        {
            if (!char.IsAsciiLetterOrDigit(letter) && letter is not ('.' or '_' or '-'))
                return false;
        }

        return true;
    }

    public static bool TryParseTopic(string directoryName, out TopicId id, out string topicName)
    {
        id = TopicId.None;
        topicName = "";
        int dash = directoryName.Length - IdDigits - 1;
        if (dash < 1 || directoryName[dash] != '-')
            return false;
        if (!Uid128.TryParse(directoryName.AsSpan(dash + 1), out Uid128 uid))
            return false;
        id = new TopicId(uid);
        topicName = directoryName[..dash];
        return true;
    }

    public static bool TryParsePartition(string directoryName, out PartitionId partition)
    {
        bool ok = int.TryParse(directoryName, NumberStyles.None, CultureInfo.InvariantCulture, out int value);
        partition = new PartitionId(value);
        return ok && directoryName == partition.ToString();
    }

    /// <summary>The partitions that have a directory, in order of topic name, topic id and number.</summary>
    /// <exception cref="DiskException">The device failed.</exception>
    public static List<(TopicPartition Id, string TopicName)> List(IDisk disk, string root)
    {
        var found = new List<(TopicPartition Id, string TopicName)>();
        string topics = $"{root}/{Topics}";
        if (!disk.DirectoryExists(topics))
            return found;
        foreach (string directory in disk.ListDirectories(topics))
        {
            if (!TryParseTopic(directory, out TopicId topic, out string name))
                continue;
            foreach (string number in disk.ListDirectories($"{topics}/{directory}"))
            {
                if (TryParsePartition(number, out PartitionId partition))
                    found.Add((new TopicPartition(topic, partition), name));
            }
        }

        found.Sort(static (left, right) =>
        {
            int name = string.CompareOrdinal(left.TopicName, right.TopicName);
            return name != 0 ? name : left.Id.CompareTo(right.Id);
        });
        return found;
    }
}

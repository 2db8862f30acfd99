namespace FastLog.Broker.Topics;

/// <summary>The topic store cannot be read or written.</summary>
public sealed class TopicStoreException(TopicStoreFault fault, string path, string details, Exception? inner = null)
    : IOException($"the topic file '{path}' {details}", inner)
{
    public TopicStoreFault Fault { get; } = fault;

    public string Path { get; } = path;
}

/// <summary>The kinds of <see cref="TopicStoreException"/>.</summary>
public enum TopicStoreFault
{
    /// <summary>The bytes are not what was written. A copy from a backup, or the partition directories, are needed.</summary>
    Corrupt,

    /// <summary>Partition directories exist, but the file does not.</summary>
    Missing,

    /// <summary>Written by a newer version.</summary>
    ForeignVersion,

    /// <summary>The disk failed or is full.</summary>
    Disk,
}

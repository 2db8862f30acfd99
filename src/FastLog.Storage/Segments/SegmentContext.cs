using FastLog.Primitives;
using FastLog.Storage.Disk;
using FastLog.Storage.Indexes;

namespace FastLog.Storage.Segments;

/// <summary>What all segments of one partition share. Thread-safe.</summary>
internal sealed class SegmentContext(IDisk disk, string directory, TopicPartition id, OpenSegmentCache cache)
{
    public IDisk Disk => disk;

    /// <summary>The partition's directory.</summary>
    public string Directory => directory;

    public TopicPartition Id => id;

    public IndexRebuilder Rebuilder { get; } = new(disk, directory, id);

    public SegmentFile FileOf(LogOffset baseOffset) => new(disk, cache, SegmentName.Data(directory, baseOffset));

    public IndexHeader IndexHeaderOf(IndexKind kind, LogOffset baseOffset) => new(kind, id, baseOffset);
}

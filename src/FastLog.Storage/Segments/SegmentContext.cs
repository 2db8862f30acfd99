using FastLog.Primitives;
using FastLog.Storage.Disk;
using FastLog.Storage.Indexes;

namespace FastLog.Storage.Segments;

/// <summary>What all segments of one partition share. Thread-safe.</summary>
/// <param name="disk">The disk port.</param>
/// <param name="directory">The partition's.</param>
/// <param name="id">The partition.</param>
/// <param name="cache">Decides how long files stay open.</param>
/// <param name="appendedBy">By the retention clock.</param>
internal sealed class SegmentContext(
    IDisk disk, string directory, TopicPartition id, OpenSegmentCache cache, Timestamp appendedBy)
{
    public IDisk Disk => disk;

    /// <summary>The partition's directory.</summary>
    public string Directory => directory;

    public TopicPartition Id => id;

    /// <summary>No append of an earlier life was later.</summary>
    public Timestamp AppendedBy => appendedBy;

    /// <summary>The file of the next segment, where one is ready.</summary>
    public SpareSegment Spare { get; } = new(disk, directory);

    public IndexRebuilder Rebuilder { get; } = new(disk, directory, id);

    /// <summary>Hears which bytes of which segment the device cannot read; set once, before the first read.</summary>
    public Action<LogOffset, FilePosition, int>? Unreadable { get; set; }

    public SegmentFile FileOf(LogOffset baseOffset) => new(
        disk,
        cache,
        SegmentName.Data(directory, baseOffset),
        (position, length) => Unreadable?.Invoke(baseOffset, position, length));

    public IndexHeader IndexHeaderOf(IndexKind kind, LogOffset baseOffset) => new(kind, id, baseOffset);
}

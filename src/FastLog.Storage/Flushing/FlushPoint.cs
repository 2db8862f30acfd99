using FastLog.Primitives;
using FastLog.Storage.Disk;

namespace FastLog.Storage.Flushing;

/// <summary>
/// An end of a partition log in its file: all segments below <paramref name="SegmentBase"/>, and that segment below
/// <paramref name="Position"/>, belong to it.
/// </summary>
/// <param name="SegmentBase">Base offset of the segment in which the point lies.</param>
/// <param name="Position">Where the next batch begins in the segment's data file.</param>
/// <param name="NextOffset">The offset that the next batch gets.</param>
/// <param name="ChainCrc">The segment's chain CRC up to <paramref name="Position"/>; not interpreted here.</param>
public readonly record struct FlushPoint(
    LogOffset SegmentBase, FilePosition Position, LogOffset NextOffset, uint ChainCrc)
{
    /// <summary>True when this point lies at or above the other one.</summary>
    public bool Covers(in FlushPoint other) =>
        SegmentBase > other.SegmentBase || (SegmentBase == other.SegmentBase && Position >= other.Position);
}

/// <summary>Bytes of one segment's data file that were written and are not durable: <c>[From, End.Position)</c>.</summary>
/// <param name="File">Stays open until the member was settled, detached or removed.</param>
/// <param name="From">The first byte that is not known to be durable.</param>
/// <param name="End">The point that is reached when the bytes are durable.</param>
public readonly record struct FlushRange(IDiskFile File, FilePosition From, FlushPoint End)
{
    public long Length => End.Position.Since(From);
}

using FastLog.Primitives;

namespace FastLog.Storage.Segments;

/// <summary>Where a segment's data ends: the two belong together.</summary>
/// <param name="Position">The byte after the last batch, in the file.</param>
/// <param name="NextOffset">The offset after the last one.</param>
internal readonly record struct SegmentEnd(FilePosition Position, LogOffset NextOffset);

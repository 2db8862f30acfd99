using FastLog.Primitives;

namespace FastLog.Storage.Inspection;

/// <summary>What an inspection found in one segment.</summary>
/// <param name="File">Its data file.</param>
/// <param name="BaseOffset">As the file's name says.</param>
/// <param name="IsSealed">True when it has a seal that checks.</param>
/// <param name="Batches">Good batches.</param>
/// <param name="Records">Records in them, as their headers count.</param>
/// <param name="Bytes">Bytes of them.</param>
/// <param name="FirstOffset">Of the first good batch; none in an empty segment.</param>
/// <param name="LastOffset">Of the last good batch, inclusive; none in an empty segment.</param>
/// <param name="EndPosition">Where its data ends.</param>
public sealed record SegmentReport(
    string File,
    LogOffset BaseOffset,
    bool IsSealed,
    long Batches,
    long Records,
    long Bytes,
    LogOffset FirstOffset,
    LogOffset LastOffset,
    FilePosition EndPosition);

/// <summary>What an inspection found in one partition.</summary>
/// <param name="Topic">The topic's name; empty when the path does not say.</param>
/// <param name="Id">Topic id and partition.</param>
/// <param name="Directory">Where its files are.</param>
/// <param name="Segments">In ascending order.</param>
/// <param name="Defects">Damage, in ascending order.</param>
/// <param name="CacheDefects">
/// Indexes and other files made from the batches that do not check. No damage: a power cut may leave them so, nothing is
/// lost with them, and they are made anew when they are needed.
/// </param>
/// <param name="TailBytes">
/// Bytes after the last good batch that are not zero and were never known to be durable: residue of a crash, or an
/// append that a running broker is writing. Not damage.
/// </param>
public sealed record PartitionReport(
    string Topic,
    TopicPartition Id,
    string Directory,
    IReadOnlyList<SegmentReport> Segments,
    IReadOnlyList<LogDefect> Defects,
    IReadOnlyList<LogDefect> CacheDefects,
    long TailBytes)
{
    public long Batches => Segments.Sum(static segment => segment.Batches);

    public long Records => Segments.Sum(static segment => segment.Records);

    /// <summary>Bytes of good batches.</summary>
    public long Bytes => Segments.Sum(static segment => segment.Bytes);

    /// <summary>None when there is no record.</summary>
    public LogOffset FirstOffset => Segments.FirstOrDefault(static segment => segment.Batches > 0)?.FirstOffset ?? LogOffset.None;

    /// <summary>Inclusive; none when there is no record.</summary>
    public LogOffset LastOffset => Segments.LastOrDefault(static segment => segment.Batches > 0)?.LastOffset ?? LogOffset.None;

    public bool IsCorrupt => Defects.Count > 0;
}

/// <summary>A partition that a path leads to.</summary>
/// <param name="Topic">The topic's name; empty when the path does not say.</param>
/// <param name="Id">Topic id and partition; null when the path does not say: then each file's header does.</param>
/// <param name="Directory">Where its files are.</param>
/// <param name="OnlyFile">One segment's file name, when the path was that of a segment.</param>
/// <param name="Root">The data directory; null when the path does not show one.</param>
public sealed record InspectedPartition(
    string Topic, TopicPartition? Id, string Directory, string? OnlyFile, string? Root);

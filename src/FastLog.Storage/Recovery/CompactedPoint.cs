using FastLog.Primitives;
using FastLog.Records;
using FastLog.Storage.Disk;
using FastLog.Storage.Flushing;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Recovery;

/// <summary>
/// A recovery log that lost its last entries names an older recovery point, and a compaction may have put another segment in the
/// place of the point's since: then no batch begins there, and a scan from there would take all that follows for residue. The
/// compacted segment was durable as a whole before it got its name: the log is checked from behind it on.
/// </summary>
internal static class CompactedPoint
{
    /// <exception cref="DiskException">The device failed.</exception>
    public static FlushPoint Raise(SegmentContext context, FlushPoint point, List<FoundSegment> found)
    {
        FoundSegment? holder = found.FindLast(segment => segment.BaseOffset <= point.SegmentBase);
        if (holder is not { Status: FoundStatus.Ok, SealStatus: SegmentSealStatus.Ok })
            return point;
        FlushPoint behind = SegmentLayout.StartPoint(holder.Seal.NextOffset);

        // Segments do not overlap: one from below the point's that holds its offsets stands for both.
        if (holder.BaseOffset < point.SegmentBase)
            return holder.Seal.NextOffset > point.SegmentBase ? behind : point;
        using IDiskFile file = context.Disk.Open(holder.Path, DiskOpenMode.Read);
        return HasBoundaryAt(file, point, holder) || !IsWhole(file, holder) ? point : behind;
    }

    private static bool HasBoundaryAt(IDiskFile file, FlushPoint point, FoundSegment segment)
    {
        if (point.Position == segment.Seal.EndPosition)
            return point.NextOffset == segment.Seal.NextOffset;
        Span<byte> bytes = stackalloc byte[BatchHeaderLayout.HeaderSize];
        int count = file.Read(point.Position, bytes);
        return BatchHeader.TryRead(bytes[..count], out BatchHeader header) == BatchStatus.Ok
            && header.BaseOffset == point.NextOffset;
    }

    private static bool IsWhole(IDiskFile file, FoundSegment segment)
    {
        SegmentSeal seal = segment.Seal;
        using var scan = new TailScan(
            file, SegmentLayout.StartPoint(segment.BaseOffset), seal.EndPosition, LeaderEpoch.None, new LeaderEpoch(int.MaxValue));
        while (scan.TryNext())
        {
        }

        return scan.Position == seal.EndPosition && scan.NextOffset == seal.NextOffset && scan.Chain == seal.ChainCrc;
    }
}

using FastLog.Primitives;
using FastLog.Records;
using FastLog.Storage.Indexes;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Reading;

/// <summary>A batch that was found, or the damage that stands in its place.</summary>
internal readonly record struct LocatedBatch(FilePosition Position, BatchHeader Header, LogDefect? Defect);

/// <summary>
/// Finds batches in one segment. The index only says where to begin: what is found there is held against the batch's
/// header, and an index that misleads is mended. Thread-safe.
/// </summary>
internal static class BatchLocator
{
    /// <summary>Enough for the headers between two index entries in most logs.</summary>
    public const int WindowSize = 8 << 10;

    /// <param name="segment">The segment whose range holds the offset.</param>
    /// <param name="file">Its data file, leased by the caller.</param>
    /// <param name="offset">An offset below the segment's end.</param>
    /// <exception cref="Disk.DiskException">The device could not read.</exception>
    public static LocatedBatch Find(Segment segment, ILeasedFile file, LogOffset offset)
    {
        SegmentEnd end = segment.End;
        LocatedBatch found = Begin(segment, file, offset, end);
        while (found.Defect is null && !IsWhole(file, found, end))
        {
            // Its header reaches too far or not far enough: what it seems to hold may lie in the next good one.
            LogDefect defect = DefectAt(
                segment,
                file,
                LogDefectKind.BatchDamaged,
                found.Position,
                found.Header.BaseOffset,
                "the batch does not lead to the next one");
            found = defect.LastOffset >= offset
                ? new LocatedBatch(found.Position, default, defect)
                : Walk(segment, file, defect.Position.Plus(defect.Length), defect.LastOffset.Next(), offset, end);
        }

        return found;
    }

    /// <summary>True when the next batch continues this one (or the data ends with it), or else when its CRC holds.</summary>
    public static bool IsWhole(ILeasedFile file, in LocatedBatch batch, SegmentEnd end)
    {
        FilePosition after = batch.Position.Plus(batch.Header.BatchSize);
        if (after > end.Position || batch.Header.NextOffset > end.NextOffset)
            return false;
        if (after == end.Position)
            return batch.Header.NextOffset == end.NextOffset;
        Span<byte> bytes = stackalloc byte[BatchHeaderLayout.HeaderSize];
        int count = file.Read(after, bytes);
        if (BatchHeader.TryRead(bytes[..count], out BatchHeader next) == BatchStatus.Ok
            && next.BaseOffset == batch.Header.NextOffset)
            return true;
        return new BatchPlace(batch.Position, batch.Header).CrcHolds(file);
    }

    /// <summary>The damage at a place where a batch should begin: up to where good data is known to go on.</summary>
    public static LogDefect DefectAt(
        Segment segment,
        ILeasedFile file,
        LogDefectKind kind,
        FilePosition position,
        LogOffset offset,
        string reason)
    {
        SegmentEnd end = segment.End;
        SegmentEnd next = end;
        if (segment.TryEntryAbove(position, out OffsetIndexEntry entry) && EntryHolds(file, entry, end))
            next = new SegmentEnd(entry.Position, entry.Offset);
        if (BatchResync.Find(file, position, offset, end, segment, out SegmentEnd found) && found.Position < next.Position)
            next = found;
        return new LogDefect(
            kind,
            segment.File.Path,
            position,
            next.Position.Since(position),
            offset,
            next.NextOffset.Plus(-1),
            reason);
    }

    private static LocatedBatch Begin(Segment segment, ILeasedFile file, LogOffset offset, SegmentEnd end)
    {
        IndexSearchStatus status = segment.Floor(offset, end.Position, out OffsetIndexEntry entry);
        if (status == IndexSearchStatus.Found && EntryHolds(file, entry, end))
            return Walk(segment, file, entry.Position, entry.Offset, offset, end);
        if (status != IndexSearchStatus.None)
        {
            segment.RepairIndexes(file);
            status = segment.Floor(offset, end.Position, out entry);
            if (status == IndexSearchStatus.Found && EntryHolds(file, entry, end))
                return Walk(segment, file, entry.Position, entry.Offset, offset, end);
        }

        return Walk(segment, file, SegmentLayout.DataStart, segment.BaseOffset, offset, end);
    }

    private static LocatedBatch Walk(
        Segment segment, ILeasedFile file, FilePosition position, LogOffset first, LogOffset offset, SegmentEnd end)
    {
        using var walk = new HeaderWalk(file, position, first, end.Position, WindowSize);
        BatchPlace? former = null;
        while (true)
        {
            WalkStatus status = walk.TryNext(out BatchHeader header, out FilePosition at);
            if (status == WalkStatus.Ok)
            {
                if (header.NextOffset > offset)
                    return new LocatedBatch(at, header, null);
                former = new BatchPlace(at, header);
                continue;
            }

            string reason = status == WalkStatus.Bad ? walk.Reason : $"the data ends before offset {offset}";
            LogDefectKind kind = status == WalkStatus.Bad ? walk.DefectKind : LogDefectKind.SegmentTooShort;
            FilePosition bad = walk.Position;
            LogOffset badOffset = walk.NextOffset;
            if (former is { } last && !last.CrcHolds(file))
            {
                // The step over the batch before went wrong: that one is the damaged one.
                bad = last.Position;
                badOffset = last.Header.BaseOffset;
            }

            LogDefect defect = DefectAt(segment, file, kind, bad, badOffset, reason);
            if (defect.LastOffset >= offset || status == WalkStatus.End)
                return new LocatedBatch(bad, default, defect);

            // Good data goes on behind the damage and before the offset.
            return Walk(segment, file, defect.Position.Plus(defect.Length), defect.LastOffset.Next(), offset, end);
        }
    }

    private static bool EntryHolds(ILeasedFile file, in OffsetIndexEntry entry, SegmentEnd end)
    {
        if (entry.Position >= end.Position)
            return false;
        Span<byte> bytes = stackalloc byte[BatchHeaderLayout.HeaderSize];
        int count = file.Read(entry.Position, bytes);
        return BatchHeader.TryRead(bytes[..count], out BatchHeader header) == BatchStatus.Ok
            && header.BaseOffset == entry.Offset;
    }
}

using FastLog.Primitives;
using FastLog.Records;
using FastLog.Storage.Indexes;

namespace FastLog.Storage.Segments;

/// <summary>
/// Finds the next good batch after a damaged run: a header that continues upwards, whose CRC holds, and whose end is the
/// end of the data or the beginning of another header that continues it. A batch that a client stored inside of its own
/// records does not pass for one of the log's, as its offsets do not lead on. Nor does a block of another partition that was
/// written here by mistake, where the segment has an index: batches must lead to the next entry of it, exactly.
/// </summary>
internal static class BatchResync
{
    /// <param name="file">Read from.</param>
    /// <param name="damaged">Where the damaged run begins.</param>
    /// <param name="expected">The offset that was to follow there.</param>
    /// <param name="end">The end of the data.</param>
    /// <param name="segment">The segment, for its index; null where there is none to be trusted.</param>
    /// <param name="next">Where good data goes on; the end when it does not.</param>
    /// <returns>True when good data goes on before the end.</returns>
    /// <exception cref="Disk.DiskException">The device could not read.</exception>
    public static bool Find(
        ILeasedFile file, FilePosition damaged, LogOffset expected, SegmentEnd end, Segment? segment, out SegmentEnd next)
    {
        next = end;
        using BufferLease window = BufferPool.Shared.Rent(StorageLimits.WalkWindow, clearOnReturn: true);
        long start = damaged.Value + 1;
        while (start + BatchHeaderLayout.HeaderSize <= end.Position.Value)
        {
            int wanted = (int)Math.Min(window.Length, end.Position.Value - start);
            int count = file.Read(new FilePosition(start), window.Span[..wanted]);
            int usable = count - BatchHeaderLayout.HeaderSize;
            for (int at = 0; at <= usable; at++)
            {
                if (window.Span[at + BatchHeaderLayout.MagicAt] != BatchHeaderLayout.Magic)
                    continue;
                var position = new FilePosition(start + at);
                if (!IsGood(file, window.Span[at..count], position, expected, end, out LogOffset baseOffset))
                    continue;
                if (segment is not null && !LeadsToIndex(file, segment, position, baseOffset, end))
                    continue;
                next = new SegmentEnd(position, baseOffset);
                return true;
            }

            if (usable < 0 || count < wanted)
                return false;
            start += usable + 1;
        }

        return false;
    }

    private static bool IsGood(
        ILeasedFile file,
        ReadOnlySpan<byte> bytes,
        FilePosition position,
        LogOffset expected,
        SegmentEnd end,
        out LogOffset baseOffset)
    {
        baseOffset = LogOffset.None;
        if (BatchHeader.TryRead(bytes, out BatchHeader header) != BatchStatus.Ok)
            return false;
        long left = end.Position.Since(position);
        if (header.BatchSize > Math.Min(left, StorageLimits.BatchSizeMax))
            return false;
        if (header.BaseOffset < expected || header.NextOffset > end.NextOffset)
            return false;
        if (!Continues(file, position, header, end))
            return false;
        using BufferLease batch = BufferPool.Shared.Rent(header.BatchSize, clearOnReturn: true);
        if (file.Read(position, batch.Span) < header.BatchSize)
            return false;
        baseOffset = header.BaseOffset;
        return BatchValidator.ValidateStored(batch.Span, StorageLimits.BatchSizeMax, out _) == BatchStatus.Ok;
    }

    /// <summary>True for a batch that the index names, or from which headers lead to one that it names, or to the end.</summary>
    private static bool LeadsToIndex(
        ILeasedFile file, Segment segment, FilePosition position, LogOffset baseOffset, SegmentEnd end)
    {
        if (segment.TryEntryAbove(position.Plus(-1), out OffsetIndexEntry named) && named.Position == position)
            return named.Offset == baseOffset;
        SegmentEnd target = end;
        if (segment.TryEntryAbove(position, out OffsetIndexEntry above) && above.Position < end.Position)
            target = new SegmentEnd(above.Position, above.Offset);
        using var walk = new HeaderWalk(file, position, baseOffset, target.Position, StorageLimits.IndexInterval);
        WalkStatus status;
        while ((status = walk.TryNext(out _, out _)) == WalkStatus.Ok)
        {
        }

        return status == WalkStatus.End && walk.NextOffset == target.NextOffset;
    }

    private static bool Continues(ILeasedFile file, FilePosition position, in BatchHeader header, SegmentEnd end)
    {
        FilePosition after = position.Plus(header.BatchSize);
        if (after == end.Position)
            return header.NextOffset == end.NextOffset;
        Span<byte> bytes = stackalloc byte[BatchHeaderLayout.HeaderSize];
        int count = file.Read(after, bytes);
        return BatchHeader.TryRead(bytes[..count], out BatchHeader following) == BatchStatus.Ok
            && following.BaseOffset == header.NextOffset;
    }
}

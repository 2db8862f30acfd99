using FastLog.Primitives;
using FastLog.Records;
using FastLog.Storage.Disk;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Indexes;

/// <summary>
/// Checks a segment's two index files against the segment and mends what is doubtful: the good beginning of the entries
/// is kept, the rest is made anew by a walk over the batch headers. Indexes are caches: they are never flushed, and after a
/// power cut any of their pages may be missing.
/// </summary>
internal sealed class IndexRebuilder(IDisk disk, string directory, TopicPartition id)
{
    /// <param name="segmentBase">The segment's base offset.</param>
    /// <param name="data">Its data file, read from.</param>
    /// <param name="appendedBy">No append was later: stands for append times that are lost, so that nothing is taken for older
    /// than it is.</param>
    /// <param name="end">Where its data ends.</param>
    /// <param name="chainCrc">The chain CRC at the end, where it is known.</param>
    /// <exception cref="DiskException">The data file could not be read.</exception>
    public IndexCheck Check(LogOffset segmentBase, ILeasedFile data, Timestamp appendedBy, SegmentEnd end, uint? chainCrc)
    {
        IndexImage found = Load(segmentBase, end, out bool asInFiles);
        IndexCheck result = Walk(segmentBase, data, appendedBy, end, chainCrc, found);
        if (result.Defects.Count > 0 && found.Count > 0)
        {
            // The entries themselves may be the wrong ones: the batches decide.
            result = Walk(segmentBase, data, appendedBy, end, chainCrc, new IndexImage(0));
        }

        if (asInFiles && ReferenceEquals(result.Image, found))
            return result with { Written = true };
        return result with { Written = TryWrite(segmentBase, result.Image) };
    }

    /// <summary>As <see cref="Check"/>, without a look at the entries that are there.</summary>
    /// <exception cref="DiskException">The data file could not be read.</exception>
    public IndexCheck Rebuild(LogOffset segmentBase, ILeasedFile data, Timestamp appendedBy, SegmentEnd end, uint? chainCrc)
    {
        IndexCheck result = Walk(segmentBase, data, appendedBy, end, chainCrc, new IndexImage(0));
        return result with { Written = TryWrite(segmentBase, result.Image) };
    }

    private IndexCheck Walk(
        LogOffset segmentBase, ILeasedFile data, Timestamp appendedBy, SegmentEnd end, uint? chainCrc, IndexImage image)
    {
        int kept = image.Count;
        var position = SegmentLayout.DataStart;
        LogOffset offset = segmentBase;
        uint chain = ChainCrc.Start;
        var maxTimestamp = Timestamp.None;
        Timestamp lastAppend = appendedBy;
        if (kept > 0)
        {
            OffsetIndexEntry.TryRead(image.OffsetBytes[^OffsetIndexEntry.Size..], segmentBase, out OffsetIndexEntry last);
            TimeIndexEntry.TryRead(image.TimeBytes[^TimeIndexEntry.Size..], segmentBase, out TimeIndexEntry lastTime);
            (position, offset, chain) = (last.Position, last.Offset, last.ChainCrc);
            (maxTimestamp, lastAppend) = (lastTime.MaxTimestamp, lastTime.AppendTime);
        }

        FilePosition indexed = position;
        bool skipFirst = kept > 0;
        IndexImage result = image;
        var lastEpoch = LeaderEpoch.None;
        var defects = new List<LogDefect>();
        while (true)
        {
            using var walk = new HeaderWalk(data, position, offset, end.Position, StorageLimits.WalkWindow);
            BatchPlace? former = null;
            WalkStatus status;
            while ((status = walk.TryNext(out BatchHeader header, out FilePosition at)) == WalkStatus.Ok)
            {
                if (header.MaxTimestamp > maxTimestamp)
                    maxTimestamp = header.MaxTimestamp;
                if (!skipFirst && appendedBy > lastAppend)
                    lastAppend = appendedBy;
                if (!skipFirst && IndexSpacing.IsDue(at, indexed))
                {
                    if (ReferenceEquals(result, image))
                        result = CopyOf(image, segmentBase);
                    result.Add(
                        segmentBase,
                        new OffsetIndexEntry(header.BaseOffset, at, chain),
                        new TimeIndexEntry(maxTimestamp, lastAppend, header.BaseOffset));
                    indexed = at;
                }

                skipFirst = false;
                chain = ChainCrc.Append(chain, walk.ChainBytes);
                lastEpoch = header.LeaderEpoch;
                former = new BatchPlace(at, header);
            }

            if (status == WalkStatus.End)
            {
                if (EndDefect(segmentBase, walk, chain, end, defects.Count == 0 ? chainCrc : null) is { } wrong)
                    defects.Add(wrong);
                return new IndexCheck(result, maxTimestamp, lastAppend, lastEpoch, chain, Written: false, defects);
            }

            LogDefect defect = DefectAt(data, segmentBase, walk, former, end);
            defects.Add(defect);
            position = defect.Position.Plus(defect.Length);
            offset = defect.LastOffset.Next();
        }
    }

    private LogDefect? EndDefect(
        LogOffset segmentBase, HeaderWalk walk, uint chain, SegmentEnd end, uint? chainCrc)
    {
        if (walk.NextOffset != end.NextOffset)
            return new LogDefect(
                LogDefectKind.OffsetNotContinuous,
                SegmentName.Data(directory, segmentBase),
                SegmentLayout.DataStart,
                end.Position.Since(SegmentLayout.DataStart),
                segmentBase,
                end.NextOffset.Plus(-1),
                $"the batches lead to offset {walk.NextOffset}, recorded is {end.NextOffset}");
        if (chainCrc is null || chainCrc == chain)
            return null;
        return new LogDefect(
            LogDefectKind.ChainMismatch,
            SegmentName.Data(directory, segmentBase),
            SegmentLayout.DataStart,
            end.Position.Since(SegmentLayout.DataStart),
            segmentBase,
            end.NextOffset.Plus(-1),
            $"the chain CRC of the batch headers is {chain:x8}, recorded is {chainCrc:x8}");
    }

    private LogDefect DefectAt(
        ILeasedFile data, LogOffset segmentBase, HeaderWalk walk, BatchPlace? former, SegmentEnd end)
    {
        FilePosition position = walk.Position;
        LogOffset offset = walk.NextOffset;
        if (former is { } last && !last.CrcHolds(data))
        {
            // The step over the batch before went wrong: that one is the damaged one.
            position = last.Position;
            offset = last.Header.BaseOffset;
        }

        BatchResync.Find(data, position, offset, end, segment: null, out SegmentEnd next);
        return new LogDefect(
            walk.DefectKind,
            SegmentName.Data(directory, segmentBase),
            position,
            next.Position.Since(position),
            offset,
            next.NextOffset.Plus(-1),
            walk.Reason);
    }

    private static IndexImage CopyOf(IndexImage image, LogOffset segmentBase)
    {
        var copy = new IndexImage(image.Count + 16);
        for (int i = 0; i < image.Count; i++)
        {
            OffsetIndexEntry.TryRead(
                image.OffsetBytes[(i * OffsetIndexEntry.Size)..], segmentBase, out OffsetIndexEntry offset);
            TimeIndexEntry.TryRead(image.TimeBytes[(i * TimeIndexEntry.Size)..], segmentBase, out TimeIndexEntry time);
            copy.Add(segmentBase, offset, time);
        }

        return copy;
    }

    /// <summary>The entries up to the first that does not check, in either file.</summary>
    public IndexImage Load(LogOffset segmentBase, SegmentEnd end, out bool asInFiles)
    {
        long countMax = end.Position.Value / StorageLimits.IndexInterval;
        byte[]? offsetsFound = ReadEntries(
            SegmentName.OffsetIndex(directory, segmentBase), new IndexHeader(IndexKind.Offset, id, segmentBase), countMax);
        byte[]? timesFound = ReadEntries(
            SegmentName.TimeIndex(directory, segmentBase), new IndexHeader(IndexKind.Time, id, segmentBase), countMax);
        byte[] offsets = offsetsFound ?? [];
        byte[] times = timesFound ?? [];
        int inFiles = Math.Min(offsets.Length / OffsetIndexEntry.Size, times.Length / TimeIndexEntry.Size);
        var image = new IndexImage(inFiles);
        var previous = new OffsetIndexEntry(segmentBase, SegmentLayout.DataStart, ChainCrc.Start);
        var previousTime = new TimeIndexEntry(new Timestamp(long.MinValue), new Timestamp(long.MinValue), segmentBase);
        for (int i = 0; i < inFiles; i++)
        {
            if (!OffsetIndexEntry.TryRead(offsets.AsSpan(i * OffsetIndexEntry.Size), segmentBase, out OffsetIndexEntry offset))
                break;
            if (!TimeIndexEntry.TryRead(times.AsSpan(i * TimeIndexEntry.Size), segmentBase, out TimeIndexEntry time))
                break;
            if (offset.Offset <= previous.Offset || offset.Position <= previous.Position)
                break;
            if (offset.Offset >= end.NextOffset || offset.Position >= end.Position)
                break;
            if (time.Offset != offset.Offset || time.MaxTimestamp < previousTime.MaxTimestamp)
                break;
            image.Add(segmentBase, offset, time);
            previous = offset;
            previousTime = time;
        }

        asInFiles = offsetsFound?.Length == image.Count * OffsetIndexEntry.Size
            && timesFound?.Length == image.Count * TimeIndexEntry.Size;
        return image;
    }

    /// <summary>Null when the file is missing, cannot be read or has another header.</summary>
    private byte[]? ReadEntries(string path, in IndexHeader header, long countMax)
    {
        try
        {
            if (!disk.FileExists(path))
                return null;
            using IDiskFile file = disk.Open(path, DiskOpenMode.Read);
            long length = file.Length;
            if (length is < IndexHeader.Size or > StorageLimits.IndexSizeMax)
                return null;
            // One more than the data can have tells that there are too many.
            byte[] bytes = new byte[Math.Min(length, IndexHeader.Size + ((countMax + 1) * header.EntrySize))];
            int count = file.Read(FilePosition.Zero, bytes);
            return header.Matches(bytes.AsSpan(0, count)) ? bytes[IndexHeader.Size..count] : null;
        }
        catch (DiskException)
        {
            // What cannot be read is made anew.
            return null;
        }
    }

    /// <summary>Makes both index files anew; false when the device could not.</summary>
    public bool TryWrite(LogOffset segmentBase, IndexImage image)
    {
        try
        {
            Write(
                SegmentName.OffsetIndex(directory, segmentBase),
                new IndexHeader(IndexKind.Offset, id, segmentBase),
                image.OffsetBytes);
            Write(
                SegmentName.TimeIndex(directory, segmentBase),
                new IndexHeader(IndexKind.Time, id, segmentBase),
                image.TimeBytes);
            return true;
        }
        catch (DiskException)
        {
            return false;
        }
    }

    private void Write(string path, in IndexHeader header, ReadOnlySpan<byte> entries)
    {
        byte[] bytes = new byte[IndexHeader.Size + entries.Length];
        header.Write(bytes);
        entries.CopyTo(bytes.AsSpan(IndexHeader.Size));
        disk.DeleteFile(path);
        using IDiskFile file = disk.Open(path, DiskOpenMode.CreateNew);
        file.Write(FilePosition.Zero, bytes);
    }
}

/// <summary>When a batch gets an index entry.</summary>
internal static class IndexSpacing
{
    /// <param name="position">Where the batch begins.</param>
    /// <param name="indexed">Where the batch of the last entry begins, or the data.</param>
    public static bool IsDue(FilePosition position, FilePosition indexed) =>
        position.Since(indexed) >= StorageLimits.IndexInterval;
}

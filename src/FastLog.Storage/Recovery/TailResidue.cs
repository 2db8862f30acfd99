using System.Buffers.Binary;
using FastLog.Primitives;
using FastLog.Records;
using FastLog.Storage.Disk;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Recovery;

/// <summary>
/// What of the bytes behind a log's end was written there in the segment's own life. In a file that was never used before it is
/// all that is not zero. In a recycled one the rest is of an earlier life: neither damage nor worth saving. There a batch of
/// this life is known by its offset, which is at or above the segment's base; where a stretch of the file shows none, nothing
/// further is looked for, since a start reads in proportion to what was not flushed. What that leaves can never continue the
/// log: its epoch is lower than that of the first batch appended after this start.
/// </summary>
internal static class TailResidue
{
    private const int WindowSize = 1 << 20;

    /// <summary>As below, where nothing of the file was looked up before.</summary>
    public static FilePosition End(IDiskFile file, FoundSegment found, FilePosition from) =>
        End(file, found, from, file.DataEnd(from));

    /// <summary>Where that ends; the position itself when there is nothing.</summary>
    /// <param name="file">The data file.</param>
    /// <param name="found">What its header says.</param>
    /// <param name="from">Where the log ends in it; 0 for all of the file.</param>
    /// <param name="dataEnd">Above it the file was never written, see <see cref="IDiskFile.DataEnd"/>.</param>
    /// <exception cref="DiskException">The device could not read.</exception>
    public static FilePosition End(IDiskFile file, FoundSegment found, FilePosition from, FilePosition dataEnd)
    {
        // Without a header that checks it may be a file that was taken and whose own header was not flushed.
        bool isDamaged = found.Status == FoundStatus.Damaged;
        long staleEnd = isDamaged ? found.Length : found.Header.StaleEnd.Value;
        if (from.Value >= staleEnd)
            return CutBytes.NonZeroEnd(file, from, dataEnd.Value);
        if (found.Length > staleEnd)
        {
            FilePosition behind = CutBytes.NonZeroEnd(file, new FilePosition(staleEnd), dataEnd.Value);
            if (behind.Value > staleEnd)
                return behind;
        }

        var start = new FilePosition(Math.Max(from.Value, SegmentLayout.HeaderSize));
        FilePosition end = Search(file, start, staleEnd, found.BaseOffset);
        if (end > start)
            return end;
        return isDamaged && from == FilePosition.Zero
            ? CutBytes.NonZeroEnd(file, from, SegmentLayout.HeaderSize)
            : from;
    }

    private static FilePosition Search(IDiskFile file, FilePosition from, long staleEnd, LogOffset segmentBase)
    {
        using BufferLease window = BufferPool.Shared.Rent(WindowSize, clearOnReturn: true);
        FilePosition end = from;
        FilePosition at = from;
        while (at.Value < staleEnd)
        {
            int size = (int)Math.Min(window.Length, staleEnd - at.Value);
            ReadOnlySpan<byte> bytes = window.Span[..file.Read(at, window.Span[..size])];
            FilePosition found = LastBatchEnd(bytes, at, segmentBase);
            if (found <= end)
                return end;
            end = new FilePosition(Math.Min(found.Value, staleEnd));

            // The next window begins behind what is known, or where a header may lie across the border.
            at = end.Since(at) >= bytes.Length - BatchHeaderLayout.HeaderSize
                ? end
                : at.Plus(Math.Max(1, bytes.Length - BatchHeaderLayout.HeaderSize));
        }

        return end;
    }

    private static FilePosition LastBatchEnd(ReadOnlySpan<byte> bytes, FilePosition at, LogOffset segmentBase)
    {
        FilePosition end = FilePosition.Zero;
        for (int i = 0; i + BatchHeaderLayout.HeaderSize <= bytes.Length;)
        {
            long offset = BinaryPrimitives.ReadInt64BigEndian(bytes[i..]);
            bool isOfThisLife = offset >= segmentBase.Value
                && offset - segmentBase.Value <= int.MaxValue
                && BatchHeader.TryRead(bytes[i..], out BatchHeader header) == BatchStatus.Ok
                && header.BatchSize <= StorageLimits.BatchSizeMax;
            if (!isOfThisLife)
            {
                i++;
                continue;
            }

            int batchSize = BatchHeaderLayout.LengthPrefixSize
                + BinaryPrimitives.ReadInt32BigEndian(bytes[(i + BatchHeaderLayout.LengthAt)..]);
            end = at.Plus((long)i + batchSize);
            i += Math.Min(batchSize, bytes.Length - i);
        }

        return end;
    }
}

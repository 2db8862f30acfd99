using FastLog.Primitives;
using FastLog.Records;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Compaction;

/// <summary>
/// Compacts segments that lie side by side into one. A single one that needs nothing is only read: its file stays. Bad bytes
/// end it with an exception, and what was written is removed. One thread.
/// </summary>
internal sealed class SegmentRewrite(
    SegmentContext context, IReadOnlyList<SealedSegment> sources, CompactionFilter filter, LogOffset end, Timestamp horizon)
    : IDisposable
{
    private readonly BatchFilter _batches = new(BufferPool.Shared);
    private CompactedWriter? _writer;
    private FilePosition _sameUpTo;

    /// <summary>Which source is being read.</summary>
    public int At { get; private set; }

    public long RecordsDropped { get; private set; }

    /// <summary>The whole compacted segment after the last step; null when the one source needs nothing.</summary>
    public CompactedSegment? Result { get; private set; }

    /// <summary>Does a slice of the work at each step; gives the bytes that were read and written in it.</summary>
    /// <exception cref="CompactionDamageException">The source that <see cref="At"/> tells is damaged.</exception>
    /// <exception cref="Disk.DiskException">The device failed or is full.</exception>
    public IEnumerable<long> Run()
    {
        if (sources.Count > 1)
            _writer = Begin();
        for (At = 0; At < sources.Count; At++)
        {
            foreach (long bytes in Read(sources[At]))
                yield return bytes;
        }

        Result = _writer?.Finish();
    }

    public void Dispose()
    {
        _writer?.Dispose();
        _batches.Dispose();
    }

    private CompactedWriter Begin() => new(context, sources[0].BaseOffset, sources[0].Created);

    private IEnumerable<long> Read(SealedSegment source)
    {
        bool again = true;
        while (again)
        {
            again = false;
            using var scan = new SourceScan(source);
            _writer?.BeginSource(source.Seal.LastAppend);
            long bytes = 0;
            while (!again && scan.TryNext())
            {
                long written = _writer?.Size ?? 0;
                again = !TryTake(scan);
                bytes += scan.Header.BatchSize + (_writer?.Size ?? 0) - written;
                if (bytes < DirtyScan.Slice)
                    continue;
                yield return bytes;
                bytes = 0;
            }

            yield return bytes;
        }
    }

    /// <summary>False when the first change was met and the segment must be read anew, to write what comes before it.</summary>
    private bool TryTake(SourceScan scan)
    {
        BatchHeader header = scan.Header;
        if (header.BaseOffset >= end || header.Attributes.IsControl || scan.At < _sameUpTo)
            return Keep(scan);
        if (GapBatch.IsOne(header))
        {
            _writer?.Skip(header);
            return true;
        }

        bool isNeeded = filter.IsNeededForProducer(header, sources[At].Seal.LastAppend);
        if (header.RecordCount == 0)
            return isNeeded ? Keep(scan) : Change(scan, default, isNeeded: false);
        FilterOutcome outcome = _batches.Run(header, scan.Batch, filter, horizon);
        return outcome switch
        {
            FilterOutcome.Unchanged => Keep(scan),
            FilterOutcome.Changed => Change(scan, _batches.Batch.Span, isNeeded: true),
            FilterOutcome.Emptied => Change(scan, _batches.Batch.Span, isNeeded),
            _ => throw scan.Unreadable(_batches.Status),
        };
    }

    private bool Keep(SourceScan scan)
    {
        // An earlier gap batch stays a gap also where what lies around it is only copied.
        if (GapBatch.IsOne(scan.Header))
            _writer?.Skip(scan.Header);
        else
            _writer?.Append(scan.Header, scan.Batch);
        return true;
    }

    private bool Change(SourceScan scan, ReadOnlySpan<byte> batch, bool isNeeded)
    {
        if (_writer is null)
        {
            _sameUpTo = scan.At;
            _writer = Begin();
            return false;
        }

        RecordsDropped += scan.Header.RecordCount == 0 ? 0 : _batches.DroppedCount;
        if (isNeeded)
            _writer.Append(scan.Header, batch);
        else
            _writer.Skip(scan.Header);
        return true;
    }
}

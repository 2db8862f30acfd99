using System.Buffers.Binary;
using FastLog.Primitives;
using FastLog.Records;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Compaction;

/// <summary>
/// Notes the last offset of each key, and of each producer, in a stretch of a log: up to its end, or to where the map is
/// full. A segment that cannot be read to its end is left where it stopped: what it hides keeps older records alive, never the
/// other way round. One thread.
/// </summary>
internal sealed class DirtyScan(
    KeyMap map, KeyHasher keys, KeyHasher producers, IReadOnlyList<SealedSegment> segments, LogOffset firstDirty)
    : IDisposable
{
    /// <summary>Bytes read between two steps.</summary>
    public const int Slice = 1 << 20;

    private readonly InflateBuffer _inflate = new(BufferPool.Shared);
    private readonly KeyHash[] _hashes = new KeyHash[BatchFilter.ExpectedMax];
    private readonly LogOffset[] _offsets = new LogOffset[BatchFilter.ExpectedMax];
    private readonly LogOffset _from = firstDirty;
    private bool _isFull;

    /// <summary>All below is noted (exclusive).</summary>
    public LogOffset End { get; private set; } = firstDirty;

    /// <summary>The damage that was met, by segment.</summary>
    public List<(SealedSegment Segment, LogDefect Defect)> Failed { get; } = [];

    /// <summary>Does a slice of the work at each step; gives the bytes that were read in it.</summary>
    public IEnumerable<long> Run()
    {
        foreach (SealedSegment segment in segments)
        {
            if (segment.End.NextOffset <= _from)
                continue;
            foreach (long bytes in Read(segment))
                yield return bytes;

            if (_isFull)
                yield break;
            End = segment.End.NextOffset;
        }
    }

    public void Dispose() => _inflate.Dispose();

    private IEnumerable<long> Read(SealedSegment segment)
    {
        SourceScan? scan = Open(segment);
        if (scan is null)
            yield break;
        using (scan)
        {
            long bytes = 0;
            while (!_isFull && TryNext(segment, scan))
            {
                bytes += scan.Header.BatchSize;
                if (bytes < Slice)
                    continue;
                yield return bytes;
                bytes = 0;
            }

            yield return bytes;
        }
    }

    private SourceScan? Open(SealedSegment segment)
    {
        try
        {
            return new SourceScan(segment);
        }
        catch (CompactionDamageException damage)
        {
            Failed.Add((segment, damage.Defect));
            return null;
        }
    }

    /// <summary>Notes the next batch; false at the end, when the map is full, or when the segment cannot be read on.</summary>
    private bool TryNext(SealedSegment segment, SourceScan scan)
    {
        try
        {
            if (!scan.TryNext())
                return false;
            if (scan.Header.NextOffset > _from)
                _isFull = !TryNote(scan);
            return !_isFull;
        }
        catch (CompactionDamageException damage)
        {
            Failed.Add((segment, damage.Defect));
        }
        return false;
    }

    private bool TryNote(SourceScan scan)
    {
        BatchHeader header = scan.Header;
        if (header.Attributes.IsControl || GapBatch.IsOne(header))
            return true;
        if (header.ProducerId >= 0 && !map.TrySet(ProducerKey.Hash(producers, header), header.BaseOffset))
        {
            End = LogOffset.Max(End, header.BaseOffset);
            return false;
        }

        BatchStatus status = RecordReader.TryOpen(scan.Batch, _inflate, out RecordReader record);
        if (status != BatchStatus.Ok)
            throw scan.Unreadable(status);
        int count;
        do
        {
            count = ReadKeys(ref record);
            map.Touch(_hashes.AsSpan(0, count));
            for (int i = 0; i < count; i++)
            {
                if (map.TrySet(_hashes[i], _offsets[i]))
                    continue;
                End = _offsets[i];
                return false;
            }
        }
        while (count == _hashes.Length);

        if (record.Status != BatchStatus.Ok)
            throw scan.Unreadable(record.Status);
        return true;
    }

    private int ReadKeys(ref RecordReader record)
    {
        int count = 0;
        while (count < _hashes.Length && record.Read())
        {
            if (record.Offset < _from || record.Key.IsNull)
                continue;
            _hashes[count] = keys.Hash(record.Key.Span);
            _offsets[count++] = record.Offset;
        }

        return count;
    }
}

/// <summary>A producer as a key of the map: under a secret of its own, so that no record's key is taken for one.</summary>
internal static class ProducerKey
{
    public static KeyHash Hash(KeyHasher producers, in BatchHeader header)
    {
        Span<byte> key = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(key, header.ProducerId);
        return producers.Hash(key);
    }
}

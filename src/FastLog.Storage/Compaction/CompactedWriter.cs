using System.Buffers.Binary;
using FastLog.Primitives;
using FastLog.Records;
using FastLog.Storage.Disk;
using FastLog.Storage.Indexes;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Compaction;

/// <summary>
/// Writes one compacted segment under a name that a start removes. Offsets whose batches are gone are spanned by gap batches,
/// so that base offsets follow each other in it as in any segment. One thread.
/// </summary>
internal sealed class CompactedWriter : IDisposable
{
    private const int BufferSize = 1 << 20;

    private readonly SegmentContext _context;
    private readonly LogOffset _base;
    private readonly Timestamp _created;
    private readonly string _path;
    private readonly BufferLease _buffer = BufferPool.Shared.Rent(BufferSize, clearOnReturn: true);
    private readonly IndexImage _image = new(1024);
    private readonly IDiskFile _file;
    private bool _isHandedOver;
    private int _buffered;
    private FilePosition _position = SegmentLayout.DataStart;
    private FilePosition _indexed = SegmentLayout.DataStart;
    private LogOffset _next;
    private LogOffset _gapEnd;
    private LeaderEpoch _gapEpoch;
    private uint _chain = ChainCrc.Start;
    private Timestamp _maxTimestamp = Timestamp.None;
    private Timestamp _lastAppend;
    private LeaderEpoch _lastEpoch = LeaderEpoch.None;

    /// <param name="context">The partition's.</param>
    /// <param name="baseOffset">The first source's, and so its own.</param>
    /// <param name="created">When the first source was begun.</param>
    /// <exception cref="DiskException">The device failed or is full; no file is left if it can be helped.</exception>
    public CompactedWriter(SegmentContext context, LogOffset baseOffset, Timestamp created)
    {
        _context = context;
        _base = baseOffset;
        _created = created;
        _next = baseOffset;
        _gapEnd = baseOffset;
        _lastAppend = created;
        _path = SegmentName.Cleaned(context.Directory, baseOffset);
        context.Disk.DeleteFile(_path);
        _file = context.Disk.Open(_path, DiskOpenMode.CreateNew);
        try
        {
            Span<byte> header = stackalloc byte[SegmentLayout.HeaderSize];
            new SegmentHeader(context.Id, baseOffset, created).Write(header);
            _file.Write(FilePosition.Zero, header);
        }
        catch (DiskException)
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Bytes written or about to be.</summary>
    public long Size => _position.Value;

    /// <summary>What follows was appended up to this time.</summary>
    public void BeginSource(Timestamp lastAppend)
    {
        if (lastAppend > _lastAppend)
            _lastAppend = lastAppend;
    }

    /// <summary>Takes over a batch, as it was or filtered.</summary>
    /// <exception cref="DiskException">The device failed or is full.</exception>
    public void Append(in BatchHeader header, ReadOnlySpan<byte> batch)
    {
        Invariant.Check(header.BaseOffset == _gapEnd);
        CloseGap();
        Put(batch);
        _next = header.NextOffset;
        _gapEnd = _next;
    }

    /// <summary>Leaves a batch out whose records are all gone.</summary>
    /// <exception cref="DiskException">The device failed or is full.</exception>
    public void Skip(in BatchHeader header)
    {
        Invariant.Check(header.BaseOffset == _gapEnd);

        // A gap batch tells one leader epoch: where epochs end is read from batches when a log is copied.
        if (_gapEnd > _next && header.LeaderEpoch != _gapEpoch)
            CloseGap();
        _gapEpoch = header.LeaderEpoch;
        _gapEnd = header.NextOffset;
    }

    /// <summary>Ends the data, writes the seal and flushes all.</summary>
    /// <exception cref="DiskException">The device failed or is full.</exception>
    public CompactedSegment Finish()
    {
        CloseGap();
        WriteOut();
        var seal = new SegmentSeal(
            _base, _position, _next, _maxTimestamp, _lastAppend, _chain, _lastEpoch, _image.Count);
        Span<byte> sector = stackalloc byte[SegmentLayout.SectorSize];
        seal.Write(sector);
        _file.Write(new FilePosition(SegmentLayout.SealAt), sector);

        // Before its name tells a start that it takes the place of the sources.
        _file.FlushData();
        _isHandedOver = true;
        return new CompactedSegment(_path, _file, _created, seal, _image);
    }

    /// <summary>Without <see cref="Finish"/> the file is removed.</summary>
    public void Dispose()
    {
        _buffer.Dispose();
        if (_isHandedOver)
            return;
        _file.Dispose();
        CompactedSegment.TryDelete(_context.Disk, _path);
    }

    private void CloseGap()
    {
        if (_gapEnd == _next)
            return;
        Span<byte> gap = stackalloc byte[GapBatch.Size];
        GapBatch.Write(gap, _next, _gapEnd, _gapEpoch);
        Put(gap);
        _next = _gapEnd;
    }

    private void Put(ReadOnlySpan<byte> batch)
    {
        var maxTimestamp = new Timestamp(
            BinaryPrimitives.ReadInt64BigEndian(batch[BatchHeaderLayout.MaxTimestampAt..]));
        if (maxTimestamp > _maxTimestamp)
            _maxTimestamp = maxTimestamp;
        if (IndexSpacing.IsDue(_position, _indexed))
        {
            var offset = new LogOffset(BinaryPrimitives.ReadInt64BigEndian(batch));
            _image.Add(
                _base,
                new OffsetIndexEntry(offset, _position, _chain),
                new TimeIndexEntry(_maxTimestamp, _lastAppend, offset));
            _indexed = _position;
        }

        _chain = ChainCrc.Append(_chain, batch);
        _lastEpoch = new LeaderEpoch(BinaryPrimitives.ReadInt32BigEndian(batch[BatchHeaderLayout.LeaderEpochAt..]));
        if (_buffered + batch.Length > BufferSize)
            WriteOut();
        if (batch.Length > BufferSize)
        {
            _file.Write(_position, batch);
        }
        else
        {
            batch.CopyTo(_buffer.Span[_buffered..]);
            _buffered += batch.Length;
        }

        _position = _position.Plus(batch.Length);
    }

    private void WriteOut()
    {
        if (_buffered == 0)
            return;
        _file.Write(_position.Plus(-_buffered), _buffer.Span[.._buffered]);
        _buffered = 0;
    }
}

/// <summary>A compacted segment that is whole and flushed, not yet in the place of its sources.</summary>
/// <param name="Path">Where it lies.</param>
/// <param name="File">Open; handed over.</param>
/// <param name="Created">When its first source was begun.</param>
/// <param name="Seal">What it holds.</param>
/// <param name="Image">Its indexes.</param>
internal sealed record CompactedSegment(
    string Path, IDiskFile File, Timestamp Created, SegmentSeal Seal, IndexImage Image)
{
    /// <summary>
    /// As a segment of its log, on the file that is open: its name is another one until the sources are gone. Its indexes are in
    /// memory until they are written.
    /// </summary>
    public SealedSegment AsSegment(SegmentContext context)
    {
        SegmentFile file = context.FileOf(Seal.BaseOffset);
        file.Pin(File);
        var segment = new SealedSegment(context, file, Created, Seal);
        segment.UseIndexImage(Image);
        return segment;
    }

    /// <summary>What cannot be deleted now, the next attempt or start deletes.</summary>
    public static void TryDelete(IDisk disk, string path)
    {
        try
        {
            disk.DeleteFile(path);
        }
        catch (DiskException)
        {
        }
    }
}

using FastLog.Primitives;
using FastLog.Records;
using FastLog.Storage.Disk;
using FastLog.Storage.Recovery;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Compaction;

/// <summary>
/// Reads a sealed segment from its start to its end and checks all of it, so that no bad byte gets a good checksum by being
/// copied. One thread; the file is leased until it is disposed.
/// </summary>
internal sealed class SourceScan : IDisposable
{
    private readonly SealedSegment _source;
    private readonly SegmentHandle _file;
    private readonly TailScan _scan;

    /// <exception cref="OperationCanceledException">The segment is closed: it left the log.</exception>
    /// <exception cref="CompactionDamageException">The file could not be opened.</exception>
    public SourceScan(SealedSegment source)
    {
        _source = source;
        _file = Open(source);
        _scan = new TailScan(
            _file.File, SegmentLayout.StartPoint(source.BaseOffset), source.End.Position, LeaderEpoch.None, new LeaderEpoch(int.MaxValue));
    }

    /// <summary>The batch stepped over last.</summary>
    public BatchHeader Header => _scan.Header;

    /// <summary>Its bytes; valid until the next step.</summary>
    public ReadOnlySpan<byte> Batch => _scan.Batch;

    /// <summary>Where it began.</summary>
    public FilePosition At => _scan.Position.Plus(-_scan.Header.BatchSize);

    /// <summary>Steps over the next batch; false at the segment's end.</summary>
    /// <exception cref="CompactionDamageException">What is there is not what was sealed, or cannot be read.</exception>
    public bool TryNext()
    {
        if (TryStep())
            return true;
        SegmentEnd end = _source.End;
        if (_scan.Position < end.Position)
            throw Damage(_scan.DefectKind, _scan.Reason);
        if (_scan.NextOffset != end.NextOffset)
            throw Damage(LogDefectKind.OffsetNotContinuous, $"the batches lead to offset {_scan.NextOffset}, the seal says {end.NextOffset}");
        if (_scan.Chain != _source.Seal.ChainCrc)
            throw Damage(LogDefectKind.ChainMismatch, "the chain CRC of the batch headers differs from the seal's");
        return false;
    }

    /// <summary>The batch stepped over last cannot be looked into.</summary>
    public CompactionDamageException Unreadable(BatchStatus status) => new(new LogDefect(
        LogDefectKind.BatchDamaged,
        _source.File.Path,
        At,
        Header.BatchSize,
        Header.BaseOffset,
        Header.LastOffset,
        $"the records cannot be read: {status}"));

    public void Dispose()
    {
        _scan.Dispose();
        _file.Release();
    }

    private static SegmentHandle Open(SealedSegment source)
    {
        try
        {
            return source.File.Acquire()
                ?? throw new OperationCanceledException($"'{source.File.Path}' left the log while it was compacted");
        }
        catch (DiskException failure)
        {
            throw new CompactionDamageException(new LogDefect(
                LogDefectKind.Unreadable,
                source.File.Path,
                FilePosition.Zero,
                0,
                source.BaseOffset,
                source.End.NextOffset.Plus(-1),
                failure.Message));
        }
    }

    private bool TryStep()
    {
        try
        {
            return _scan.TryNext();
        }
        catch (DiskException failure)
        {
            throw Damage(LogDefectKind.Unreadable, failure.Message);
        }
    }

    private CompactionDamageException Damage(LogDefectKind kind, string reason) => new(new LogDefect(
        kind,
        _source.File.Path,
        _scan.Position,
        _source.End.Position.Since(_scan.Position),
        LogOffset.Min(_scan.NextOffset, _source.End.NextOffset.Plus(-1)),
        _source.End.NextOffset.Plus(-1),
        reason));
}

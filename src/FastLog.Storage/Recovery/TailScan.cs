using FastLog.Primitives;
using FastLog.Records;
using FastLog.Storage.Disk;
using FastLog.Storage.Flushing;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Recovery;

/// <summary>
/// Reads batches of one segment one after the other and checks all of each: sizes against the file, magic, fields, CRC, that
/// its offset continues and its epoch neither falls nor passes the last one known. It stops at the first that fails, and
/// cannot be brought past it.
/// </summary>
internal sealed class TailScan : IDisposable
{
    private const int WindowSize = 1 << 20;

    private readonly IDiskFile _file;
    private readonly FilePosition _end;
    private readonly LeaderEpoch _epochMax;
    private BufferLease _window = BufferPool.Shared.Rent(WindowSize, clearOnReturn: true);
    private FilePosition _windowStart;
    private int _windowLength;
    private int _batchAt;

    /// <param name="file">The data file.</param>
    /// <param name="start">Where a batch begins; the point says which offset and chain CRC it continues.</param>
    /// <param name="end">Nothing at or above it is read: the file's size, or a known end of the data.</param>
    /// <param name="lastEpoch">The epoch of the batch before, if there was one.</param>
    /// <param name="epochMax">The latest epoch that was ever begun.</param>
    public TailScan(IDiskFile file, FlushPoint start, FilePosition end, LeaderEpoch lastEpoch, LeaderEpoch epochMax)
    {
        _file = file;
        _end = end;
        _epochMax = epochMax;
        Position = start.Position;
        NextOffset = start.NextOffset;
        Chain = start.ChainCrc;
        LastEpoch = lastEpoch;
        Reason = "";
    }

    public FilePosition Position { get; private set; }

    public LogOffset NextOffset { get; private set; }

    public uint Chain { get; private set; }

    public LeaderEpoch LastEpoch { get; private set; }

    /// <summary>The batch stepped over last.</summary>
    public BatchHeader Header { get; private set; }

    /// <summary>The bytes of the batch stepped over last; valid until the next step.</summary>
    public ReadOnlySpan<byte> Batch => _window.Span.Slice(_batchAt, Header.BatchSize);

    /// <summary>Why the scan stopped; empty at the end.</summary>
    public string Reason { get; private set; }

    public LogDefectKind DefectKind { get; private set; }

    /// <summary>Steps over the next batch; false at the end or at what is no successor.</summary>
    /// <exception cref="DiskException">The device could not read.</exception>
    public bool TryNext()
    {
        if (Position >= _end)
            return Stop(LogDefectKind.SegmentTooShort, "");
        ReadOnlySpan<byte> bytes = Fetch(BatchHeaderLayout.HeaderSize);
        BatchStatus status = BatchHeader.TryRead(bytes, out BatchHeader header);
        if (status != BatchStatus.Ok)
            return Stop(LogDefectKind.BatchDamaged, $"no batch header: {status}");
        if (header.BatchSize > StorageLimits.BatchSizeMax)
            return Stop(LogDefectKind.BatchDamaged, $"a batch of {header.BatchSize} bytes is larger than any allowed");
        if (header.BatchSize > _end.Since(Position))
            return Stop(LogDefectKind.BatchDamaged, $"a batch of {header.BatchSize} bytes passes the end of the file");
        if (header.BaseOffset != NextOffset)
            return Stop(LogDefectKind.OffsetNotContinuous, $"base offset {header.BaseOffset} where {NextOffset} must follow");
        if (header.LeaderEpoch < LastEpoch)
            return Stop(LogDefectKind.EpochNotContinuous, $"leader epoch {header.LeaderEpoch} after {LastEpoch}");
        if (header.LeaderEpoch > _epochMax)
            return Stop(LogDefectKind.EpochNotContinuous, $"leader epoch {header.LeaderEpoch} was never begun");
        bytes = Fetch(header.BatchSize);
        if (bytes.Length < header.BatchSize)
            return Stop(LogDefectKind.BatchDamaged, "the file ends inside of a batch");
        status = BatchValidator.ValidateStored(bytes[..header.BatchSize], StorageLimits.BatchSizeMax, out _);
        if (status == BatchStatus.CrcMismatch)
            return Stop(LogDefectKind.BatchCrcMismatch, "the CRC does not match the batch");
        if (status != BatchStatus.Ok)
            return Stop(LogDefectKind.BatchDamaged, $"not a whole batch: {status}");
        Chain = ChainCrc.Append(Chain, bytes);
        _batchAt = (int)Position.Since(_windowStart);
        Position = Position.Plus(header.BatchSize);
        NextOffset = header.NextOffset;
        LastEpoch = header.LeaderEpoch;
        Header = header;
        return true;
    }

    /// <summary>Goes on behind a damaged run, where good data is known to begin. Only below a recovery point.</summary>
    public void SkipTo(SegmentEnd next)
    {
        Invariant.Check(next.Position > Position);
        Position = next.Position;
        NextOffset = next.NextOffset;
        LastEpoch = LeaderEpoch.None;
    }

    /// <summary>The last batch's epoch is known to be wrong: the next one is not held against it.</summary>
    public void ForgetEpoch() => LastEpoch = LeaderEpoch.None;

    public void Dispose() => _window.Dispose();

    private bool Stop(LogDefectKind kind, string reason)
    {
        DefectKind = kind;
        Reason = reason;
        return false;
    }

    private ReadOnlySpan<byte> Fetch(int length)
    {
        long wanted = Math.Min(length, _end.Since(Position));
        long at = Position.Since(_windowStart);
        if (at < 0 || at + wanted > _windowLength)
        {
            if (wanted > _window.Length)
            {
                _window.Dispose();
                _window = BufferPool.Shared.Rent((int)wanted, clearOnReturn: true);
            }

            int size = (int)Math.Min(_window.Length, _end.Since(Position));
            _windowStart = Position;
            _windowLength = _file.Read(Position, _window.Span[..size]);
            at = 0;
        }

        return _window.Span[(int)at.._windowLength];
    }
}

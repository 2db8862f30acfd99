using FastLog.Primitives;
using FastLog.Records;

namespace FastLog.Storage.Segments;

/// <summary>How a step of a walk over batch headers ended.</summary>
internal enum WalkStatus
{
    Ok,

    /// <summary>The walk is at its end.</summary>
    End,

    /// <summary>What is there is no batch that continues the one before; the reason says why.</summary>
    Bad,
}

/// <summary>
/// Walks from batch to batch by their headers, without reading the records, and checks that offsets continue. Bytes are
/// read in windows; a large batch is jumped over.
/// </summary>
internal sealed class HeaderWalk : IDisposable
{
    private readonly ILeasedFile _file;
    private readonly FilePosition _end;
    private readonly BufferLease _window;
    private FilePosition _windowStart;
    private int _windowLength;
    private int _headerAt;

    /// <param name="file">Read from; its lease stays the caller's.</param>
    /// <param name="start">Where a batch begins.</param>
    /// <param name="startOffset">Its base offset; <see cref="LogOffset.None"/> takes the one found.</param>
    /// <param name="end">Where the walk ends: a batch that passes it is bad.</param>
    /// <param name="windowSize">Bytes read at a time.</param>
    public HeaderWalk(
        ILeasedFile file, FilePosition start, LogOffset startOffset, FilePosition end, int windowSize)
    {
        _file = file;
        _end = end;
        _window = BufferPool.Shared.Rent(Math.Max(windowSize, BatchHeaderLayout.HeaderSize), clearOnReturn: true);
        Position = start;
        NextOffset = startOffset;
        Reason = "";
    }

    /// <summary>Where the next batch begins.</summary>
    public FilePosition Position { get; private set; }

    /// <summary>The base offset that the next batch must have.</summary>
    public LogOffset NextOffset { get; private set; }

    /// <summary>What was wrong, after <see cref="WalkStatus.Bad"/>.</summary>
    public string Reason { get; private set; }

    /// <summary>Which kind of defect that is.</summary>
    public LogDefectKind DefectKind { get; private set; }

    /// <summary>The first bytes of the batch last returned, as far as the chain CRC takes them.</summary>
    public ReadOnlySpan<byte> ChainBytes => _window.Span.Slice(_headerAt, ChainCrc.BytesOfBatch);

    /// <summary>The next batch, and a step over it.</summary>
    /// <exception cref="Disk.DiskException">The device could not read.</exception>
    public WalkStatus TryNext(out BatchHeader header, out FilePosition position)
    {
        WalkStatus status = TryPeek(out header);
        position = Position;
        if (status == WalkStatus.Ok)
        {
            Position = Position.Plus(header.BatchSize);
            NextOffset = header.NextOffset;
        }

        return status;
    }

    /// <summary>The next batch, without a step.</summary>
    public WalkStatus TryPeek(out BatchHeader header)
    {
        header = default;
        long left = _end.Since(Position);
        if (left <= 0)
            return WalkStatus.End;
        BatchStatus status = BatchHeader.TryRead(Fetch(left), out header);
        if (status != BatchStatus.Ok)
            return Bad(LogDefectKind.BatchDamaged, $"no batch header: {status}");
        if (header.BatchSize > left)
            return Bad(LogDefectKind.BatchDamaged, $"a batch of {header.BatchSize} bytes passes the end of the data");
        if (NextOffset.IsNone || header.BaseOffset == NextOffset)
            return WalkStatus.Ok;
        return Bad(
            LogDefectKind.OffsetNotContinuous, $"base offset {header.BaseOffset} where {NextOffset} must follow");
    }

    public void Dispose() => _window.Dispose();

    private ReadOnlySpan<byte> Fetch(long left)
    {
        long at = Position.Since(_windowStart);
        bool inWindow = at >= 0 && at + Math.Min(BatchHeaderLayout.HeaderSize, left) <= _windowLength;
        if (!inWindow)
        {
            int wanted = (int)Math.Min(_window.Length, left);
            _windowStart = Position;
            _windowLength = _file.Read(Position, _window.Span[..wanted]);
            at = 0;
        }

        _headerAt = (int)at;
        return _window.Span[_headerAt.._windowLength];
    }

    private WalkStatus Bad(LogDefectKind kind, string reason)
    {
        DefectKind = kind;
        Reason = reason;
        return WalkStatus.Bad;
    }
}

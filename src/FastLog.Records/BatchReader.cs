namespace FastLog.Records;

/// <summary>How much <see cref="BatchReader"/> checks before it shows a batch.</summary>
public enum BatchCheck
{
    /// <summary>Sizes, magic and offsets: for bytes whose CRC was or will be checked elsewhere.</summary>
    Structure = 0,

    /// <summary>The same, and the CRC.</summary>
    Checksum,
}

/// <summary>
/// Walks concatenated batches without allocation. Nothing throws on bad bytes: <see cref="Read"/> answers false and
/// <see cref="Status"/> tells why; Ok means that the bytes ended with a batch.
/// </summary>
public ref struct BatchReader
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly BatchCheck _check;
    private BatchHeader _header;
    private int _start;
    private int _next;

    public BatchReader(ReadOnlySpan<byte> bytes, BatchCheck check)
    {
        _bytes = bytes;
        _check = check;
    }

    /// <summary>Ok, or why the last <see cref="Read"/> found no batch; NeedMoreData when it is cut.</summary>
    public BatchStatus Status { get; private set; }

    public readonly BatchHeader Header => _header;

    /// <summary>The whole current batch.</summary>
    public readonly ReadOnlySpan<byte> Batch => _bytes[_start.._next];

    /// <summary>Where the current batch begins in the bytes.</summary>
    public readonly int Start => _start;

    /// <summary>Where the next batch begins: all before it are whole and good.</summary>
    public readonly int End => _next;

    /// <summary>Moves to the next batch; false at the end or at bad bytes (see <see cref="Status"/>).</summary>
    public bool Read()
    {
        if (Status != BatchStatus.Ok)
            return false;
        ReadOnlySpan<byte> rest = _bytes[_next..];
        if (rest.IsEmpty)
            return false;
        Status = BatchHeader.TryRead(rest, out BatchHeader header);
        if (Status != BatchStatus.Ok)
            return false;
        if (header.BatchSize > rest.Length)
        {
            Status = BatchStatus.NeedMoreData;
            return false;
        }

        if (_check == BatchCheck.Checksum)
            Status = BatchValidator.CheckCrc(rest, header);
        if (Status != BatchStatus.Ok)
            return false;
        _header = header;
        _start = _next;
        _next += header.BatchSize;
        return true;
    }

    /// <summary>Begins the records of the current batch.</summary>
    public readonly BatchStatus TryOpenRecords(InflateBuffer buffer, out RecordReader records) =>
        RecordReader.TryOpen(_header, Batch[BatchHeaderLayout.HeaderSize..], buffer, out records);
}

using FastLog.Primitives;

namespace FastLog.Records;

/// <summary>
/// Iterates the records of one batch without allocation: <see cref="Read"/> moves to the next record, whose fields are
/// then the properties. Every length is checked before it is used; nothing throws on bad bytes: <see cref="Read"/>
/// answers false and <see cref="Status"/> tells why.
/// </summary>
public ref struct RecordReader
{
    private const int NullLength = -1;

    private readonly ReadOnlySpan<byte> _records;
    private readonly BatchHeader _header;
    private int _at;
    private int _recordAt;
    private int _timeEnd;
    private int _left;
    private int _offsetDelta;
    private long _timestampDelta;
    private int _keyAt;
    private int _keyLength;
    private int _valueAt;
    private int _valueLength;
    private int _headersAt;
    private int _headerCount;

    private RecordReader(scoped in BatchHeader header, ReadOnlySpan<byte> records)
    {
        _header = header;
        _records = records;
        _left = header.RecordCount;
        _offsetDelta = -1;
    }

    /// <summary>Ok while all is good; after a false <see cref="Read"/>, whether the records ended rightly.</summary>
    public BatchStatus Status { get; private set; }

    /// <summary>The record's offset.</summary>
    public readonly LogOffset Offset => _header.BaseOffset.Plus(_offsetDelta);

    /// <summary>The client's timestamp, or the batch's max timestamp where the broker's append time counts.</summary>
    public readonly Timestamp Timestamp => _header.Attributes.IsAppendTime
        ? _header.MaxTimestamp
        : new Timestamp(unchecked(_header.BaseTimestamp.UnixMilliseconds + _timestampDelta));

    public readonly NullableBytes Key => Field(_keyAt, _keyLength);

    public readonly NullableBytes Value => Field(_valueAt, _valueLength);

    public readonly int HeaderCount => _headerCount;

    /// <summary>The record's headers in their order; a fresh iteration each time.</summary>
    public readonly RecordHeaderReader Headers => new(_records[_headersAt.._at], _headerCount);

    /// <summary>
    /// Where the value begins, from the start of the records (inflated ones, where compressed); for callers that keep
    /// the memory and hand out slices of it. Not for a null value.
    /// </summary>
    public readonly int ValueStart => _valueAt;

    /// <summary>Begins a batch whose CRC was checked; inflates its records into the buffer if need be.</summary>
    /// <param name="oneBatch">One whole batch; bytes after it are not looked at.</param>
    /// <param name="buffer">Holds inflated records; not touched for batches without compression.</param>
    /// <param name="reader">Set with <see cref="BatchStatus.Ok"/> only; not to be used otherwise.</param>
    public static BatchStatus TryOpen(ReadOnlySpan<byte> oneBatch, InflateBuffer buffer, out RecordReader reader)
    {
        reader = default;
        BatchStatus status = BatchHeader.TryRead(oneBatch, out BatchHeader header);
        if (status != BatchStatus.Ok)
            return status;
        if (header.BatchSize > oneBatch.Length)
            return BatchStatus.NeedMoreData;
        return TryOpen(header, oneBatch[BatchHeaderLayout.HeaderSize..header.BatchSize], buffer, out reader);
    }

    /// <summary>Moves to the next record; false at the end or at bad bytes (see <see cref="Status"/>).</summary>
    public bool Read()
    {
        if (_left == 0)
            return End();
        ReadOnlySpan<byte> records = _records;
        int at = _at;
        if (!Varint.TryRead(records, ref at, out int bodySize))
            return Fail();
        if ((uint)bodySize > (uint)(records.Length - at))
            return Fail();
        if (bodySize < RecordLimits.RecordSizeMin - 1)
            return Fail();
        int end = at + bodySize;
        ReadOnlySpan<byte> upToEnd = records[..end];
        at++; // the record's attributes: none have a meaning
        if (!Varint.TryRead(upToEnd, ref at, out _timestampDelta))
            return Fail();
        _timeEnd = at;
        if (!Varint.TryRead(upToEnd, ref at, out int offsetDelta))
            return Fail();
        if (offsetDelta <= _offsetDelta)
            return Fail();
        if (offsetDelta > _header.LastOffsetDelta)
            return Fail();
        if (!TryReadLength(upToEnd, ref at, out _keyLength))
            return Fail();
        _keyAt = at;
        at += Math.Max(_keyLength, 0);
        if (!TryReadLength(upToEnd, ref at, out _valueLength))
            return Fail();
        _valueAt = at;
        at += Math.Max(_valueLength, 0);
        if (!Varint.TryRead(upToEnd, ref at, out int headerCount))
            return Fail();
        _headersAt = at;
        _headerCount = headerCount;
        if (headerCount != 0 && !TrySkipHeaders(upToEnd, ref at, headerCount))
            return Fail();
        if (at != end)
            return Fail();
        _offsetDelta = offsetDelta;
        _recordAt = _at;
        _at = end;
        _left--;
        return true;
    }

    /// <summary>Bytes of all records, inflated.</summary>
    internal readonly int RecordBytes => _records.Length;

    /// <summary>Copies the record with its length in front, byte for byte.</summary>
    internal readonly int Copy(Span<byte> destination)
    {
        _records[_recordAt.._at].CopyTo(destination);
        return _at - _recordAt;
    }

    /// <summary>Copies the record so that its timestamp counts from another base; gives the bytes written.</summary>
    internal readonly int CopyWithBase(Span<byte> destination, Timestamp baseTimestamp)
    {
        // Unchecked on purpose: the reader adds with the same wrap. Where the append time counts, deltas mean nothing.
        long time = unchecked(_header.BaseTimestamp.UnixMilliseconds + _timestampDelta);
        ReadOnlySpan<byte> rest = _records[_timeEnd.._at];
        Span<byte> delta = stackalloc byte[Varint.Size64Max];
        int deltaSize = Varint.Write(delta, unchecked(time - baseTimestamp.UnixMilliseconds));
        int at = Varint.Write(destination, 1 + deltaSize + rest.Length);
        destination[at++] = 0;
        delta[..deltaSize].CopyTo(destination[at..]);
        at += deltaSize;
        rest.CopyTo(destination[at..]);
        return at + rest.Length;
    }

    internal static BatchStatus TryOpen(
        scoped in BatchHeader header, ReadOnlySpan<byte> recordBytes, InflateBuffer buffer, out RecordReader reader)
    {
        reader = default;
        if (header.RecordCount < 0)
            return BatchStatus.RecordCountInvalid;
        if (header.RecordCount > header.LastOffsetDelta + 1L)
            return BatchStatus.RecordCountInvalid;
        ReadOnlySpan<byte> records = recordBytes;
        if (header.Codec != Codec.None)
        {
            // Of an emptied batch nothing is left to inflate, whatever its codec was.
            BatchStatus status = header.RecordCount == 0 && recordBytes.IsEmpty
                ? BatchStatus.Ok
                : Compression.Inflate(header.Codec, recordBytes, buffer);
            if (status != BatchStatus.Ok)
                return status;
            records = recordBytes.IsEmpty ? default : buffer.Span;
        }

        if (header.RecordCount > records.Length / RecordLimits.RecordSizeMin)
            return BatchStatus.RecordCountInvalid;
        reader = new RecordReader(header, records);
        return BatchStatus.Ok;
    }

    internal static bool TryReadLength(ReadOnlySpan<byte> bytes, ref int at, out int length)
    {
        if (!Varint.TryRead(bytes, ref at, out length))
            return false;
        return length >= NullLength && length <= bytes.Length - at;
    }

    private static bool TrySkipHeaders(ReadOnlySpan<byte> bytes, ref int at, int count)
    {
        const int headerSizeMin = 2;
        if (count < 0)
            return false;
        if (count > (bytes.Length - at) / headerSizeMin)
            return false;
        for (int i = 0; i < count; i++)
        {
            if (!TryReadLength(bytes, ref at, out int keyLength))
                return false;
            if (keyLength < 0)
                return false;
            at += keyLength;
            if (!TryReadLength(bytes, ref at, out int valueLength))
                return false;
            at += Math.Max(valueLength, 0);
        }

        return true;
    }

    private readonly NullableBytes Field(int at, int length) =>
        length < 0 ? NullableBytes.Null : new NullableBytes(_records.Slice(at, length));

    private bool End()
    {
        if (Status == BatchStatus.Ok && _at != _records.Length)
            Status = BatchStatus.TrailingBytes;
        return false;
    }

    private bool Fail()
    {
        Status = BatchStatus.RecordMalformed;
        _left = 0;
        return false;
    }
}

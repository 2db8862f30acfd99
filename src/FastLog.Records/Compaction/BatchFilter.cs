using System.Buffers.Binary;
using FastLog.Primitives;

namespace FastLog.Records;

/// <summary>How the filtering of a batch ended.</summary>
public enum FilterOutcome
{
    /// <summary>The batch stays as it is, byte for byte.</summary>
    Unchanged = 0,

    /// <summary>Some records are left, or the batch got a delete horizon.</summary>
    Changed,

    /// <summary>No record is left: the filtered batch is its header alone.</summary>
    Emptied,

    /// <summary>The records could not be read: the status says why. Nothing was decided.</summary>
    Damaged,
}

/// <summary>
/// Takes records out of batches: what is left keeps its offsets, timestamps and order, and the batch its base offset, last
/// offset delta and sequences, as Kafka's compaction does. Compressed batches are inflated and compressed again with the same
/// codec. Holds its buffers from batch to batch. Not thread-safe.
/// </summary>
public sealed class BatchFilter : IDisposable
{
    /// <summary>Records that a filter is told of at once, at most.</summary>
    public const int ExpectedMax = 256;

    private readonly BufferPool _pool;
    private readonly InflateBuffer _inflate;
    private BufferLease? _records;
    private BufferLease? _batch;
    private int _recordsSize;
    private int _batchSize;
    private Timestamp _maxTimestamp;
    private int _dropped;
    private int _kept;
    private bool _needsHorizon;

    /// <param name="pool">Where the buffers come from.</param>
    public BatchFilter(BufferPool pool)
    {
        ArgumentNullException.ThrowIfNull(pool);
        _pool = pool;
        _inflate = new InflateBuffer(pool);
    }

    /// <summary>Why the batch is damaged, after that outcome.</summary>
    public BatchStatus Status { get; private set; }

    /// <summary>Records that were dropped from the last batch.</summary>
    public int DroppedCount => _dropped;

    /// <summary>The filtered batch after <see cref="FilterOutcome.Changed"/> and <see cref="FilterOutcome.Emptied"/>, until the next call.</summary>
    public ReadOnlyMemory<byte> Batch => _batch is null ? default : _batch.Memory[.._batchSize];

    /// <summary>Filters one whole batch whose CRC was checked.</summary>
    /// <param name="header">Its header.</param>
    /// <param name="batch">Its bytes.</param>
    /// <param name="filter">Asked once for each record.</param>
    /// <param name="horizon">The delete horizon that a batch gets when the filter asks for one.</param>
    public FilterOutcome Run(in BatchHeader header, ReadOnlySpan<byte> batch, IRecordFilter filter, Timestamp horizon)
    {
        ArgumentNullException.ThrowIfNull(filter);
        if (!Collect(header, batch, filter, null))
            return FilterOutcome.Damaged;
        bool stamps = _needsHorizon && !header.Attributes.HasDeleteHorizon;
        if (_dropped == 0 && !stamps)
            return FilterOutcome.Unchanged;
        if (_kept == 0)
        {
            WriteEmptied(header, batch);
            return FilterOutcome.Emptied;
        }

        // The timestamps of the records count from the horizon then: they are written anew.
        if (stamps && !Collect(header, batch, filter, horizon))
            return FilterOutcome.Damaged;
        WriteBatch(header, batch, stamps ? horizon : null);
        return FilterOutcome.Changed;
    }

    public void Dispose()
    {
        _inflate.Dispose();
        _records?.Dispose();
        _batch?.Dispose();
        _records = null;
        _batch = null;
    }

    /// <summary>Copies the records that stay; with a horizon, their timestamps count from it.</summary>
    private bool Collect(in BatchHeader header, ReadOnlySpan<byte> batch, IRecordFilter filter, Timestamp? horizon)
    {
        (_dropped, _kept, _recordsSize, _needsHorizon) = (0, 0, 0, false);
        _maxTimestamp = header.Attributes.IsAppendTime ? header.MaxTimestamp : new Timestamp(long.MinValue);
        Status = RecordReader.TryOpen(header, batch[BatchHeaderLayout.HeaderSize..], _inflate, out RecordReader records);
        if (Status != BatchStatus.Ok)
            return false;

        // A new timestamp delta may take more bytes than the old one, and the length in front of it another one.
        const int growthMax = Varint.Size64Max + Varint.Size32Max;
        long sizeMax = records.RecordBytes + (horizon is null ? 0L : (long)header.RecordCount * growthMax);
        if (sizeMax > RecordLimits.InflatedSizeDefaultMax * 2L)
        {
            Status = BatchStatus.InflatedTooLarge;
            return false;
        }

        Span<byte> target = Room(ref _records, (int)sizeMax).Span;
        for (int at = 0; ; at++)
        {
            if (at % ExpectedMax == 0)
                filter.Expect(header, records, ExpectedMax);
            if (!records.Read())
                break;
            RecordFate fate = filter.Judge(header, records);
            if (fate == RecordFate.Drop)
            {
                _dropped++;
                continue;
            }

            _needsHorizon |= fate == RecordFate.KeepUntilHorizon;
            _kept++;
            if (!header.Attributes.IsAppendTime && records.Timestamp > _maxTimestamp)
                _maxTimestamp = records.Timestamp;
            _recordsSize += horizon is { } time
                ? records.CopyWithBase(target[_recordsSize..], time)
                : records.Copy(target[_recordsSize..]);
        }

        Status = records.Status;
        return Status == BatchStatus.Ok;
    }

    private void WriteEmptied(in BatchHeader header, ReadOnlySpan<byte> batch)
    {
        _batchSize = BatchHeaderLayout.HeaderSize;
        Span<byte> target = Room(ref _batch, _batchSize).Span;
        batch[.._batchSize].CopyTo(target);
        short attributes = (short)(header.Attributes.Value & ~(BatchAttributes.CodecMask | BatchAttributes.DeleteHorizonBit));
        BinaryPrimitives.WriteInt64BigEndian(target[BatchHeaderLayout.BaseTimestampAt..], Timestamp.None.UnixMilliseconds);
        Seal(target[.._batchSize], attributes, header.MaxTimestamp, 0);
    }

    private void WriteBatch(in BatchHeader header, ReadOnlySpan<byte> batch, Timestamp? horizon)
    {
        ReadOnlySpan<byte> records = _records!.Span[.._recordsSize];
        Span<byte> target = Room(ref _batch, BatchHeaderLayout.HeaderSize + _recordsSize).Span;
        batch[..BatchHeaderLayout.HeaderSize].CopyTo(target);
        Span<byte> body = target[BatchHeaderLayout.HeaderSize..];
        Codec codec = header.Codec;
        int size = _recordsSize;
        if (codec != Codec.None && !Shrinks(codec, records, body, out size))
            (codec, size) = (Codec.None, _recordsSize);
        if (codec == Codec.None)
            records.CopyTo(body);
        _batchSize = BatchHeaderLayout.HeaderSize + size;
        int attributes = (header.Attributes.Value & ~BatchAttributes.CodecMask) | (int)codec;
        if (horizon is { } time)
        {
            attributes |= BatchAttributes.DeleteHorizonBit;
            BinaryPrimitives.WriteInt64BigEndian(target[BatchHeaderLayout.BaseTimestampAt..], time.UnixMilliseconds);
        }

        Seal(target[.._batchSize], (short)attributes, _maxTimestamp, _kept);
    }

    /// <summary>As a writer of new batches: not compressed when that does not shrink or could not be read again.</summary>
    private static bool Shrinks(Codec codec, ReadOnlySpan<byte> records, Span<byte> body, out int size) =>
        Compression.TryCompress(codec, records, body[..(records.Length - 1)], out size)
        && records.Length <= Compression.InflatedSizeMax(size, RecordLimits.InflatedSizeDefaultMax);

    private static void Seal(Span<byte> batch, short attributes, Timestamp maxTimestamp, int recordCount)
    {
        BinaryPrimitives.WriteInt32BigEndian(
            batch[BatchHeaderLayout.LengthAt..], batch.Length - BatchHeaderLayout.LengthPrefixSize);
        BinaryPrimitives.WriteInt16BigEndian(batch[BatchHeaderLayout.AttributesAt..], attributes);
        BinaryPrimitives.WriteInt64BigEndian(batch[BatchHeaderLayout.MaxTimestampAt..], maxTimestamp.UnixMilliseconds);
        BinaryPrimitives.WriteInt32BigEndian(batch[BatchHeaderLayout.RecordCountAt..], recordCount);
        uint crc = Crc32C.Compute(batch[BatchHeaderLayout.CrcCoversFrom..]);
        BinaryPrimitives.WriteUInt32BigEndian(batch[BatchHeaderLayout.CrcAt..], crc);
    }

    private BufferLease Room(ref BufferLease? lease, int size)
    {
        if (lease is not null && lease.Length >= size)
            return lease;
        lease?.Dispose();
        lease = _pool.Rent(size, clearOnReturn: true);
        return lease;
    }
}

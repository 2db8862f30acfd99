using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FastLog.Primitives;

namespace FastLog.Records;

/// <summary>
/// Writes records straight into a caller's buffer and makes them a batch: nothing is allocated per record. One batch
/// at a time; <see cref="Reset"/> begins the next. Not thread-safe.
/// </summary>
public sealed class BatchBuilder
{
    private byte[] _array = [];
    private int _start;
    private int _at;
    private int _end;
    private int _count;
    private long _baseTimestamp;
    private long _maxTimestamp;
    private bool _built;

    /// <inheritdoc cref="Reset"/>
    public BatchBuilder(Memory<byte> buffer) => Reset(buffer);

    public int RecordCount => _count;

    /// <summary>What the batch takes now, header included, uncompressed; after <c>Build</c>, its final size.</summary>
    public int Size => _at - _start;

    /// <summary>Bytes that are still free.</summary>
    public int FreeSize => _end - _at;

    /// <summary>The first record's timestamp; <see cref="Timestamp.None"/> while there is no record.</summary>
    public Timestamp BaseTimestamp => _count == 0 ? Timestamp.None : new Timestamp(_baseTimestamp);

    /// <summary>The latest timestamp; <see cref="Timestamp.None"/> while there is no record.</summary>
    public Timestamp MaxTimestamp => _count == 0 ? Timestamp.None : new Timestamp(_maxTimestamp);

    /// <summary>What a record takes in a batch of its own, header included, in bytes.</summary>
    public static long BatchSizeFor(
        in NullableBytes key, in NullableBytes value, ReadOnlySpan<RecordHeader> headers = default)
    {
        long body = RecordWriter.BodySize(0, 0, key, value, headers);
        return BatchHeaderLayout.HeaderSize + Varint.SizeOf(body) + body;
    }

    /// <summary>Begins a batch in another (or the same) buffer, borrowed until the batch was sent.</summary>
    /// <param name="buffer">Over an array, with room for a header at least.</param>
    /// <exception cref="ArgumentException">The memory is too small or not over an array.</exception>
    public void Reset(Memory<byte> buffer)
    {
        if (!MemoryMarshal.TryGetArray(buffer, out ArraySegment<byte> segment))
            throw new ArgumentException("the buffer of a batch must be memory of an array", nameof(buffer));
        if (segment.Count < BatchHeaderLayout.HeaderSize)
            throw new ArgumentException("the buffer of a batch must hold its header", nameof(buffer));
        _array = segment.Array!;
        _start = segment.Offset;
        _at = _start + BatchHeaderLayout.HeaderSize;
        _end = _start + segment.Count;
        _count = 0;
        _built = false;
    }

    /// <summary>Goes on with the same batch in a larger buffer; what is written is copied, the old buffer is free again.</summary>
    /// <param name="larger">Over an array, larger than what is written.</param>
    /// <exception cref="ArgumentException">The memory is too small or not over an array.</exception>
    /// <exception cref="InvalidOperationException">The batch was built.</exception>
    public void MoveTo(Memory<byte> larger)
    {
        if (_built)
            ThrowBuilt();
        if (!MemoryMarshal.TryGetArray(larger, out ArraySegment<byte> segment))
            throw new ArgumentException("the buffer of a batch must be memory of an array", nameof(larger));
        int size = Size;
        if (segment.Count < size)
            throw new ArgumentException("the buffer must hold what is written", nameof(larger));
        _array.AsSpan(_start, size).CopyTo(segment);
        _array = segment.Array!;
        _start = segment.Offset;
        _at = _start + size;
        _end = _start + segment.Count;
    }

    /// <summary>True when <see cref="TryAppend"/> would take the record.</summary>
    public bool HasRoomFor(
        Timestamp timestamp, in NullableBytes key, in NullableBytes value, ReadOnlySpan<RecordHeader> headers = default)
    {
        long delta = _count == 0 ? 0 : timestamp.UnixMilliseconds - _baseTimestamp;
        long body = RecordWriter.BodySize(Varint.ZigZag(delta), (uint)_count << 1, key, value, headers);
        return body + Varint.SizeOfUnsigned((ulong)body << 1) <= FreeSize && _count < RecordLimits.RecordCountMax;
    }

    /// <summary>Adds a record; false, with nothing changed, when it does not fit any more.</summary>
    /// <exception cref="InvalidOperationException">The batch was built.</exception>
    public bool TryAppend(
        Timestamp timestamp, in NullableBytes key, in NullableBytes value, ReadOnlySpan<RecordHeader> headers = default)
    {
        if (_built)
            ThrowBuilt();
        int count = _count;
        long time = timestamp.UnixMilliseconds;

        // Unchecked on purpose: a difference that wraps around is added back with the same wrap by the reader.
        ulong timestampDelta = count == 0 ? 0 : Varint.ZigZag(unchecked(time - _baseTimestamp));
        uint offsetDelta = (uint)count << 1;
        long body = RecordWriter.BodySize(timestampDelta, offsetDelta, key, value, headers);

        // The one bounds check of the record: all that follows writes exactly this many bytes.
        long size = body + Varint.SizeOfUnsigned((ulong)body << 1);
        if (size > _end - _at)
            return false;
        if (count >= RecordLimits.RecordCountMax)
            return false;
        ref byte start = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_array), _at);
        _at += RecordWriter.Write(ref start, (int)body, timestampDelta, offsetDelta, key, value, headers);
        _count = count + 1;
        if (count == 0)
            _baseTimestamp = _maxTimestamp = time;
        else if (time > _maxTimestamp)
            _maxTimestamp = time;
        return true;
    }

    /// <summary>
    /// Compresses the records if that makes them smaller, fills the header and the CRC, and gives the batch, which lies
    /// in the caller's buffer; base offset 0 and no leader epoch until the leader stamps it.
    /// </summary>
    /// <exception cref="InvalidOperationException">No record, or built before.</exception>
    /// <exception cref="CodecNotAvailableException">The codec's library is missing; the batch is as before.</exception>
    public Memory<byte> Build(Codec codec = Codec.None) => Build(codec, BatchProducer.None);

    /// <inheritdoc cref="Build(Codec)"/>
    /// <param name="codec">How the records are compressed.</param>
    /// <param name="producer">The idempotence triple, or <see cref="BatchProducer.None"/>.</param>
    /// <param name="isTransactional">True in a transaction of that producer.</param>
    public Memory<byte> Build(Codec codec, BatchProducer producer, bool isTransactional = false)
    {
        if (_built)
            ThrowBuilt();
        if (_count == 0)
            throw new InvalidOperationException("a batch needs a record");
        Codec used = codec == Codec.None ? Codec.None : Compress(codec);
        int attributes = (int)used | (isTransactional ? BatchAttributes.TransactionalBit : 0);
        WriteHeader((short)attributes, producer);
        _built = true;
        return new Memory<byte>(_array, _start, Size);
    }

    private static void ThrowBuilt() =>
        throw new InvalidOperationException("the batch was built; Reset begins the next");

    private Codec Compress(Codec codec)
    {
        Span<byte> records = _array.AsSpan(_start + BatchHeaderLayout.HeaderSize, Size - BatchHeaderLayout.HeaderSize);

        // Never in place: the destination is only written when the whole result is there and smaller.
        if (!Compression.TryCompress(codec, records, records[..^1], out int size))
            return Codec.None;
        if (records.Length > Compression.InflatedSizeMax(size, RecordLimits.InflatedSizeDefaultMax))
            return Codec.None;
        _at = _start + BatchHeaderLayout.HeaderSize + size;
        return codec;
    }

    private void WriteHeader(short attributes, BatchProducer producer)
    {
        Span<byte> batch = _array.AsSpan(_start, Size);
        BinaryPrimitives.WriteInt64BigEndian(batch[BatchHeaderLayout.BaseOffsetAt..], 0);
        BinaryPrimitives.WriteInt32BigEndian(
            batch[BatchHeaderLayout.LengthAt..], Size - BatchHeaderLayout.LengthPrefixSize);
        BinaryPrimitives.WriteInt32BigEndian(batch[BatchHeaderLayout.LeaderEpochAt..], LeaderEpoch.None.Value);
        batch[BatchHeaderLayout.MagicAt] = BatchHeaderLayout.Magic;
        BinaryPrimitives.WriteInt16BigEndian(batch[BatchHeaderLayout.AttributesAt..], attributes);
        BinaryPrimitives.WriteInt32BigEndian(batch[BatchHeaderLayout.LastOffsetDeltaAt..], _count - 1);
        BinaryPrimitives.WriteInt64BigEndian(batch[BatchHeaderLayout.BaseTimestampAt..], _baseTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(batch[BatchHeaderLayout.MaxTimestampAt..], _maxTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(batch[BatchHeaderLayout.ProducerIdAt..], producer.Id);
        BinaryPrimitives.WriteInt16BigEndian(batch[BatchHeaderLayout.ProducerEpochAt..], producer.Epoch);
        BinaryPrimitives.WriteInt32BigEndian(batch[BatchHeaderLayout.BaseSequenceAt..], producer.BaseSequence);
        BinaryPrimitives.WriteInt32BigEndian(batch[BatchHeaderLayout.RecordCountAt..], _count);
        uint crc = Crc32C.Compute(batch[BatchHeaderLayout.CrcCoversFrom..]);
        BinaryPrimitives.WriteUInt32BigEndian(batch[BatchHeaderLayout.CrcAt..], crc);
    }
}

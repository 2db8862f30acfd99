using System.Diagnostics.CodeAnalysis;
using FastLog.Primitives;
using FastLog.Records;

namespace FastLog.Client;

/// <summary>
/// What one answer holds of one partition: a run of record batches as they were received, with their CRCs checked. It
/// lies in a pooled buffer until it is disposed; <c>foreach</c> walks its records without allocation. Not thread-safe.
/// </summary>
public sealed class ConsumedBatch : IDisposable
{
    private readonly ReadOnlyMemory<byte> _bytes;
    private SharedPayload? _payload;

    internal ConsumedBatch(PartitionCursor cursor, SharedPayload payload, ReadOnlyMemory<byte> bytes, in BatchRun run)
    {
        Cursor = cursor;
        Run = run;
        _payload = payload;
        _bytes = bytes;
        payload.Hold();
    }

    public string Topic => Cursor.Topic;

    public PartitionId Partition => Cursor.Partition;

    /// <summary>Size of the received batches, in bytes.</summary>
    public int SizeBytes => _bytes.Length;

    /// <summary>The first offset wanted: records before it, in the first batch, are not shown.</summary>
    public LogOffset FirstOffset => Run.From;

    /// <summary>
    /// Where to go on after these records: the consumer's position of this partition once this was taken.
    /// </summary>
    public LogOffset NextOffset => Run.Next;

    /// <summary>End of what was readable when the broker answered (exclusive).</summary>
    public LogOffset HighWatermark => Run.HighWatermark;

    /// <summary>
    /// The batches as bytes; the first may begin below <see cref="FirstOffset"/>, the last go on above what the
    /// consumer wants.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The batch was disposed.</exception>
    public ReadOnlyMemory<byte> Bytes
    {
        get
        {
            ObjectDisposedException.ThrowIf(_payload is null, this);
            return _bytes;
        }
    }

    internal PartitionCursor Cursor { get; }

    internal BatchRun Run { get; private set; }

    /// <summary>
    /// Records from the wanted offset up to the wanted end: <c>foreach (ref readonly RecordReader record in batch)</c>.
    /// Valid until the batch is disposed.
    /// </summary>
    public Enumerator GetEnumerator() => new(this);

    /// <summary>Gives the buffer back. Idempotent.</summary>
    public void Dispose()
    {
        _payload?.Release();
        _payload = null;
    }

    /// <summary>Copies the records, each with memory of its own.</summary>
    /// <exception cref="CorruptBatchException">The records of a batch are damaged.</exception>
    /// <exception cref="CodecNotAvailableException">A batch is compressed in a way this build cannot read.</exception>
    public IReadOnlyList<ConsumedRecord> ToRecords()
    {
        List<ConsumedRecord> records = [];
        foreach (ref readonly RecordReader record in this)
            records.Add(ConsumedRecord.Copy(Topic, Partition, record));
        return records;
    }

    /// <summary>
    /// Checks the CRCs of all batches. Good ones before a damaged one are kept: the run then ends before that one.
    /// </summary>
    /// <returns>False when the run was cut: what follows is damaged.</returns>
    /// <exception cref="CorruptBatchException">The first wanted batch is wrong.</exception>
    internal bool Verify()
    {
        var batches = new BatchReader(_bytes.Span, BatchCheck.Checksum);
        LogOffset at = Run.From;
        LeaderEpoch epoch = LeaderEpoch.None;
        while (batches.Read())
        {
            at = batches.Header.NextOffset;
            epoch = batches.Header.LeaderEpoch;
        }

        if (batches.Status == BatchStatus.Ok || at >= Run.Next)
            return true;
        if (at <= Run.From)
        {
            // Its header was checked when the run was taken in: sizes and offsets lead on.
            bool hasHeader = BatchHeader.TryRead(_bytes.Span[batches.End..], out BatchHeader header) == BatchStatus.Ok;
            throw Corrupt(batches.Status, at, hasHeader ? header.NextOffset : LogOffset.None);
        }

        Run = Run with { Next = at, LastEpoch = epoch };
        return false;
    }

    private CorruptBatchException Corrupt(BatchStatus status, LogOffset at, LogOffset resumeAt) =>
        new($"{Topic}/{Partition}: the batch at offset {at} is damaged as it arrived ({status})", at)
        {
            Topic = Topic,
            Partition = Partition,
            ResumeAt = resumeAt,
        };

    /// <summary>Walks the records. Keys, values and headers are borrowed until the next move.</summary>
    public ref struct Enumerator : IDisposable
    {
        private readonly ConsumedBatch _batch;
        private readonly LogOffset _from;
        private readonly LogOffset _end;
        private BatchReader _batches;
        private RecordReader _records;
        private InflateBuffer? _inflated;
        private bool _isOpen;

        internal Enumerator(ConsumedBatch batch)
        {
            _batch = batch;
            _from = batch.Run.From;
            _end = batch.Run.Next;
            _batches = new BatchReader(batch.Bytes.Span, BatchCheck.Structure);
        }

        /// <summary>The record, as the reader that stands on it.</summary>
        [UnscopedRef]
        public readonly ref readonly RecordReader Current => ref _records;

        /// <exception cref="CorruptBatchException">The records of a batch are damaged.</exception>
        /// <exception cref="CodecNotAvailableException">
        /// A batch is compressed in a way this build cannot read.
        /// </exception>
        public bool MoveNext()
        {
            while (true)
            {
                while (_isOpen && _records.Read())
                {
                    LogOffset offset = _records.Offset;
                    if (offset >= _end)
                        return false;
                    if (offset >= _from)
                        return true;
                }

                if (_isOpen && _records.Status != BatchStatus.Ok)
                    throw _batch.Corrupt(_records.Status, _batches.Header.BaseOffset, _batches.Header.NextOffset);
                _isOpen = false;
                if (!_batches.Read())
                    return false;
                Open();
            }
        }

        public void Dispose() => _inflated?.Dispose();

        private void Open()
        {
            BatchHeader header = _batches.Header;
            if (header.Attributes.IsControl)
                return;
            if (header.Codec != Codec.None)
                _inflated ??= new InflateBuffer(BufferPool.Shared);
            BatchStatus status = _batches.TryOpenRecords(_inflated!, out _records);
            if (status == BatchStatus.CodecNotAvailable)
                throw new CodecNotAvailableException(header.Codec);
            if (status != BatchStatus.Ok)
                throw _batch.Corrupt(status, header.BaseOffset, header.NextOffset);
            _isOpen = true;
        }
    }
}

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
    internal ConsumedBatch()
    {
    }

    public string Topic => throw new NotImplementedException();

    public PartitionId Partition => throw new NotImplementedException();

    /// <summary>Size of the received batches, in bytes.</summary>
    public int SizeBytes => throw new NotImplementedException();

    /// <summary>Where to go on after these records: the consumer's position of this partition once this was taken.</summary>
    public LogOffset NextOffset => throw new NotImplementedException();

    /// <summary>End of what was readable when the broker answered (exclusive).</summary>
    public LogOffset HighWatermark => throw new NotImplementedException();

    /// <summary>The batches as bytes; the first may begin below, the last go on above what the consumer wants.</summary>
    public ReadOnlyMemory<byte> Bytes => throw new NotImplementedException();

    /// <summary>Records from the wanted offset up to the wanted end. Valid until the batch is disposed.</summary>
    public Enumerator GetEnumerator() => throw new NotImplementedException();

    /// <summary>Gives the buffer back.</summary>
    public void Dispose() => throw new NotImplementedException();

    /// <summary>Walks the records. Keys, values and headers are borrowed until the next move.</summary>
    public ref struct Enumerator : IDisposable
    {
        private readonly ConsumedBatch _batch;

        internal Enumerator(ConsumedBatch batch) => _batch = batch;

        /// <summary>The record as a reader that stands on it: <c>foreach (ref readonly RecordReader record in batch)</c>.</summary>
        [UnscopedRef]
        public readonly ref readonly RecordReader Current => throw new NotImplementedException();

        /// <exception cref="CorruptBatchException">The records of a batch are damaged.</exception>
        /// <exception cref="CodecNotAvailableException">A batch is compressed in a way this build cannot read.</exception>
        public bool MoveNext() => throw new NotImplementedException();

        public void Dispose() => _ = _batch;
    }
}

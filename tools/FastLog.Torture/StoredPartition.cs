using FastLog.Primitives;
using FastLog.Records;
using FastLog.Storage;

namespace FastLog.Torture;

/// <summary>A record as the sample stored it.</summary>
internal readonly record struct StoredRecord(LogOffset Offset, long Timestamp, string Key, string Value);

/// <summary>One partition of the sample and all that was stored in it. One thread.</summary>
internal sealed class StoredPartition
{
    private const long Producer = 7;
    private const int Trimmed = 1;
    private const int Compacted = 2;

    private int _nextSequence;

    private StoredPartition(TopicPartition id) => Id = id;

    public TopicPartition Id { get; }

    /// <summary>Each record that was acknowledged, by offset.</summary>
    public List<StoredRecord> Records { get; } = [];

    /// <summary>Offsets that are there: not deleted, not compacted away.</summary>
    public HashSet<long> Expected { get; } = [];

    /// <summary>The batch stored last, as it was sent: its producer may send it again.</summary>
    public byte[] LastBatch { get; set; } = [];

    /// <summary>Records were deleted from its front.</summary>
    public bool IsTrimmed => Id.Partition.Value == Trimmed;

    public PartitionLogOptions Options => new()
    {
        SegmentSizeMax = 16 << 10,
        Compaction = Id.Partition.Value == Compacted ? new CompactionPolicy { DirtyRatioMin = 0 } : null,
    };

    /// <summary>Where its files are.</summary>
    public string Directory => $"{StoredSample.Root}/topics/{StoredSample.Topic}-{Id.Topic}/{Id.Partition}";

    public static StoredPartition Make(TopicId topic, int number) => new(new TopicPartition(topic, new PartitionId(number)));

    /// <summary>The sequence of a producer's next batch.</summary>
    public BatchProducer NextProducer(int records)
    {
        var producer = new BatchProducer(Producer, 0, _nextSequence);
        _nextSequence += records;
        return producer;
    }
}

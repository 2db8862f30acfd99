namespace FastLog.Storage.Producers;

/// <summary>Where the fields of a producer snapshot's content lie: protocol-spec/disk/producer-snapshot.md.</summary>
internal static class ProducerSnapshotLayout
{
    /// <summary>"FLPS".</summary>
    public const uint Magic = 0x464C5053;

    public const ushort Version = 1;

    public const int TopicIdAt = 0;
    public const int PartitionAt = TopicIdAt + Primitives.Uid128.Size;
    public const int LeaderEpochAt = PartitionAt + sizeof(int);
    public const int LogEndAt = LeaderEpochAt + sizeof(int);
    public const int ProducerCountAt = LogEndAt + sizeof(long);
    public const int HeaderSize = ProducerCountAt + sizeof(int);

    /// <summary>Of each producer, from its start; its batches follow.</summary>
    public const int ProducerIdAt = 0;
    public const int IdleMsAt = ProducerIdAt + sizeof(long);
    public const int ProducerEpochAt = IdleMsAt + sizeof(long);
    public const int BatchCountAt = ProducerEpochAt + sizeof(short);
    public const int ProducerSize = BatchCountAt + sizeof(ushort);

    /// <summary>Of each batch, from its start.</summary>
    public const int FirstSequenceAt = 0;
    public const int LastSequenceAt = FirstSequenceAt + sizeof(int);
    public const int BaseOffsetAt = LastSequenceAt + sizeof(int);
    public const int BatchSize = BaseOffsetAt + sizeof(long);
}

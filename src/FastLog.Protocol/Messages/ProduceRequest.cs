using FastLog.Primitives;

namespace FastLog.Protocol.Messages;

/// <summary>Appends batches; the frame's payload holds them, concatenated in the order of the partitions.</summary>
/// <param name="Acks"><see cref="ProduceAcks.None"/> goes in a one-way frame, the others in a request.</param>
/// <param name="Timeout">How long the broker may wait for durability; whole milliseconds.</param>
/// <param name="Partitions">Each partition at most once.</param>
public readonly partial record struct ProduceRequest(
    ProduceAcks Acks,
    TimeSpan Timeout,
    ReadOnlyMemory<ProducePartitionRequest> Partitions);

/// <summary>One partition's share of the payload.</summary>
/// <param name="PayloadSize">Bytes of its batches, at least one batch.</param>
public readonly record struct ProducePartitionRequest(TopicPartition Partition, int PayloadSize);

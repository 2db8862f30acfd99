using FastLog.Primitives;
using FastLog.Protocol.Messages;

namespace FastLog.Client;

/// <summary>Where an acknowledged record is and what it survives now.</summary>
/// <param name="Offset">None with <see cref="ProduceAcks.None"/>.</param>
/// <param name="Durability">None with <see cref="ProduceAcks.None"/>.</param>
/// <param name="Timestamp">The timestamp the record was sent with.</param>
public readonly record struct ProduceReceipt(
    PartitionId Partition, LogOffset Offset, Durability Durability, Timestamp Timestamp);

using FastLog.Primitives;
using FastLog.Storage.Flushing;

namespace FastLog.Storage.Recovery;

/// <summary>What the recovery log of earlier lives says of one partition.</summary>
/// <param name="Id">Which one.</param>
/// <param name="Flushed">The partition's own files are durable below it; null when only carried bytes are known.</param>
/// <param name="RecoveryPoint">
/// All below was durable, in the files or as carried bytes: a defect below it is corruption, above it may be cut. Between
/// <paramref name="Flushed"/> and here the log checks the batches and the chain CRC after the replay.
/// </param>
/// <param name="CarriedBytes">How many bytes <see cref="RecoveryLog.Replay"/> will write.</param>
public sealed record RecoveredPartition(
    TopicPartition Id, FlushPoint? Flushed, FlushPoint RecoveryPoint, long CarriedBytes);

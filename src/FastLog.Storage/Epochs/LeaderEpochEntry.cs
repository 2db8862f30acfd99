using FastLog.Primitives;

namespace FastLog.Storage.Epochs;

/// <summary>Batches from <paramref name="Start"/> on carry <paramref name="Epoch"/>, until the next entry's start.</summary>
public readonly record struct LeaderEpochEntry(LeaderEpoch Epoch, LogOffset Start);

/// <summary>Where an epoch's records end, to find where two histories part.</summary>
/// <param name="Epoch">The largest known epoch that is not above the one asked for; none when there is none.</param>
/// <param name="End">The offset after its last record in this log.</param>
public readonly record struct EpochEnd(LeaderEpoch Epoch, LogOffset End);

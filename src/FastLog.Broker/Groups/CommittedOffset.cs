using FastLog.Primitives;

namespace FastLog.Broker.Groups;

/// <summary>Where a group will go on in one partition.</summary>
/// <param name="Offset">The next offset that it will read.</param>
/// <param name="LeaderEpoch">Of the last record that it read, or none.</param>
/// <param name="Metadata">The application's own, at most <see cref="Protocol.MessageLimits.OffsetMetadataSizeMax"/> bytes.</param>
/// <param name="At">The broker's time of the commit.</param>
internal readonly record struct CommittedOffset(LogOffset Offset, LeaderEpoch LeaderEpoch, string Metadata, Timestamp At);

/// <summary>One change: a commit, or with null the end of what was committed.</summary>
internal readonly record struct OffsetChange(string GroupId, TopicPartition Partition, CommittedOffset? Value);

/// <summary>A group's offset in one partition, as it was found.</summary>
internal readonly record struct GroupOffset(TopicPartition Partition, CommittedOffset Value);

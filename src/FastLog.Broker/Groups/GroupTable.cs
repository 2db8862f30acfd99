using FastLog.Primitives;

namespace FastLog.Broker.Groups;

/// <summary>The committed offsets of some groups, in memory. Not thread-safe: its shard's section owns it.</summary>
internal sealed class GroupTable
{
    private readonly Dictionary<string, Group> _groups = new(StringComparer.Ordinal);

    /// <summary>Committed offsets of all groups.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes of their records.</summary>
    public long Bytes { get; private set; }

    public IEnumerable<string> GroupIds => _groups.Keys;

    public void Apply(in OffsetChange change)
    {
        if (change.Value is { } committed)
            Set(change.GroupId, change.Partition, committed);
        else
            Remove(change.GroupId, change.Partition);
    }

    public bool TryFind(string groupId, TopicPartition partition, out CommittedOffset committed)
    {
        committed = default;
        return _groups.TryGetValue(groupId, out Group? group) && group.Offsets.TryGetValue(partition, out committed);
    }

    /// <summary>What a group committed, ascending by partition; empty when there is no such group.</summary>
    public IReadOnlyList<GroupOffset> OffsetsOf(string groupId) => _groups.TryGetValue(groupId, out Group? group)
        ? [.. group.Offsets.Select(pair => new GroupOffset(pair.Key, pair.Value))]
        : [];

    /// <summary>The same while it is asked for: before the next change.</summary>
    public IEnumerable<TopicPartition> PartitionsOf(string groupId) =>
        _groups.TryGetValue(groupId, out Group? group) ? group.Offsets.Keys : [];

    public int CountOf(string groupId) => _groups.TryGetValue(groupId, out Group? group) ? group.Offsets.Count : 0;

    /// <summary>The broker's time of a group's last commit, as far as it is still kept.</summary>
    public Timestamp LastCommitOf(string groupId) => _groups[groupId].LastCommit;

    private void Set(string groupId, TopicPartition partition, in CommittedOffset committed)
    {
        if (!_groups.TryGetValue(groupId, out Group? group))
        {
            group = new Group();
            _groups.Add(groupId, group);
        }

        if (group.Offsets.TryGetValue(partition, out CommittedOffset former))
            Bytes -= OffsetRecord.SizeOf(groupId, former);
        else
            Count++;
        group.Offsets[partition] = committed;
        Bytes += OffsetRecord.SizeOf(groupId, committed);
        if (committed.At > group.LastCommit)
            group.LastCommit = committed.At;
    }

    private void Remove(string groupId, TopicPartition partition)
    {
        if (!_groups.TryGetValue(groupId, out Group? group) || !group.Offsets.TryGetValue(partition, out CommittedOffset former))
            return;
        group.Offsets.Remove(partition);
        Count--;
        Bytes -= OffsetRecord.SizeOf(groupId, former);
        if (group.Offsets.Count == 0)
            _groups.Remove(groupId);
    }

    private sealed class Group
    {
        public SortedDictionary<TopicPartition, CommittedOffset> Offsets { get; } = [];

        public Timestamp LastCommit { get; set; } = Timestamp.None;
    }
}

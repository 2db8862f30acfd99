using System.Text;
using FastLog.Broker.Partitions;
using FastLog.Broker.Requests;
using FastLog.Broker.Topics;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Records.Partitioning;

namespace FastLog.Broker.Groups;

/// <summary>
/// Committed offsets of all groups: each group has its shard, which is one partition of the internal topic. The topic is made
/// by the first commit. Thread-safe.
/// </summary>
internal sealed class GroupCoordinator
{
    /// <summary>Of the topic when it is made; it keeps what it has, since a group stays in its partition.</summary>
    private const int PartitionCount = 8;

    private readonly BrokerServices _services;
    private readonly AsyncGate _making = new();
    private readonly Lock _gate = new();
    private volatile IReadOnlyList<GroupShard>? _shards;
    private OffsetExpiry? _expiry;
    private Task _loading = Task.CompletedTask;
    private long _count;
    private long _bytes;

    public GroupCoordinator(BrokerServices services) => _services = services;

    /// <summary>All shards; empty before the first commit.</summary>
    public IReadOnlyList<GroupShard> Shards => Find() ?? [];

    /// <summary>Committed offsets in memory.</summary>
    public long OffsetCount => Volatile.Read(ref _count);

    /// <summary>Bytes of their records.</summary>
    public long OffsetBytes => Volatile.Read(ref _bytes);

    public static RequestError CheckId(string groupId)
    {
        int size = Encoding.UTF8.GetByteCount(groupId);
        bool isAllowed = size is > 0 and <= MessageLimits.GroupIdSizeMax && !groupId.Any(char.IsControl);
        return isAllowed
            ? RequestError.None
            : new RequestError(
                ErrorCode.InvalidGroupId,
                $"a group id of {size} bytes: allowed are 1 to {MessageLimits.GroupIdSizeMax} without control characters");
    }

    /// <summary>Begins to read what is committed, when the partitions are there, and to forget what is too old.</summary>
    public void Begin()
    {
        _expiry = new OffsetExpiry(this, _services);
        if (_services.Topics.TryFind(InternalTopics.CommittedOffsets, out TopicEntry? entry))
            _loading = LoadAsync(entry);
    }

    /// <summary>After the opener stopped. Ends when nothing is read or forgotten any more.</summary>
    public async Task EndAsync()
    {
        if (_expiry is { } expiry)
            await expiry.StopAsync();
        await _loading;
        foreach (GroupShard shard in Shards)
            await shard.UntilReadAsync();
    }

    /// <summary>A topic is gone: what was committed for it is forgotten in the background.</summary>
    public void TopicDeleted() => _expiry?.RunSoon();

    /// <summary>The group's shard; null when nothing was ever committed.</summary>
    public GroupShard? Find(string groupId) => Find() is { } shards ? Of(groupId, shards) : null;

    /// <summary>The group's shard; the internal topic is made if it is missing.</summary>
    public async ValueTask<Answer<GroupShard>> OpenAsync(string groupId, TimeSpan? timeLeft)
    {
        if (Find(groupId) is { } known)
            return known;
        await _making.EnterAsync();
        try
        {
            if (Find() is null)
            {
                TopicChange made = await _services.Manager.CreateInternalAsync(
                    InternalTopics.CommittedOffsets, PartitionCount, InternalTopics.CommittedOffsetsConfigs);
                if (made.Entry is null)
                    return made.Error;
                await Handlers.PartitionWait.UntilSettledAsync(made.Entry, timeLeft, _services.Ports);

                // Nothing is in them yet: the first commits need not be repeated.
                foreach (GroupShard shard in Shards)
                    shard.BeginLoad();
                foreach (GroupShard shard in Shards)
                    await shard.UntilReadAsync();
            }

            return Find(groupId)!;
        }
        finally
        {
            _making.Leave();
        }
    }

    /// <summary>A shard's offsets became so many more or fewer.</summary>
    public void Count(int change, long bytes)
    {
        Interlocked.Add(ref _count, change);
        Interlocked.Add(ref _bytes, bytes);
    }

    private async Task LoadAsync(TopicEntry entry)
    {
        await entry.Settled;
        foreach (GroupShard shard in Shards)
            shard.BeginLoad();
    }

    private static GroupShard Of(string groupId, IReadOnlyList<GroupShard> shards) =>
        shards[KeyPartitioner.PartitionOf(Encoding.UTF8.GetBytes(groupId), shards.Count).Value];

    private IReadOnlyList<GroupShard>? Find()
    {
        if (_shards is { } known)
            return known;
        if (!_services.Topics.TryFind(InternalTopics.CommittedOffsets, out TopicEntry? entry))
            return null;
        lock (_gate)
            return _shards ??= [.. entry.Partitions.Select(leader => new GroupShard(leader, _services))];
    }
}

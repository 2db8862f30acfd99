using System.Diagnostics.CodeAnalysis;
using FastLog.Broker.Requests;
using FastLog.Broker.Topics;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Messages;
using FastLog.Storage;
using FastLog.Storage.Space;

namespace FastLog.Broker.Partitions;

/// <summary>What came of a change to the topics: the topic, or why there was none.</summary>
internal readonly record struct TopicChange(TopicEntry? Entry, RequestError Error);

/// <summary>
/// Creates and deletes topics. The store is the truth: a topic exists from the moment it is stored, and its directories
/// follow; a crash between is made good by the next start, either way. Changes run one at a time.
/// </summary>
internal sealed class TopicManager
{
    private readonly ITopicStore _store;
    private readonly LogDirectory _directory;
    private readonly TopicTable _table;
    private readonly PartitionOpener _opener;
    private readonly RuntimePorts _ports;
    private readonly IBrokerLog _log;
    private readonly int _defaultPartitionCount;
    private readonly IReadOnlyList<ConfigEntry> _topicDefaults;
    private readonly AsyncGate _changes = new();
    private readonly Lock _gate = new();
    private readonly List<Task> _removals = [];
    private int _deletedCount;
    private long _partitionCount;

    public TopicManager(
        ITopicStore store, LogDirectory directory, TopicTable table, PartitionOpener opener, RuntimePorts ports, IBrokerLog log,
        BrokerOptions options)
    {
        _store = store;
        _directory = directory;
        _table = table;
        _opener = opener;
        _ports = ports;
        _log = log;
        _defaultPartitionCount = options.DefaultPartitionCount;
        Invariant.Check(TopicConfigs.TryNormalize(options.TopicDefaults, out IReadOnlyList<ConfigEntry>? defaults, out _));
        _topicDefaults = defaults;
    }

    /// <summary>Partitions of all topics.</summary>
    public long PartitionCount => Volatile.Read(ref _partitionCount);

    /// <summary>Fills the table from the store; nothing is opened yet.</summary>
    /// <exception cref="TopicStoreException">The store cannot be read.</exception>
    public async Task<IReadOnlyList<DeletedTopic>> LoadAsync()
    {
        TopicCatalog catalog = await _store.LoadAsync(CancellationToken.None);
        foreach (Topic topic in catalog.Topics)
            AddEntry(topic);
        _deletedCount = catalog.Deleted.Count;
        return catalog.Deleted;
    }

    /// <summary>Begins to open all partitions, and to remove what is left of deleted topics.</summary>
    public void Begin(IReadOnlyList<DeletedTopic> deleted)
    {
        var left = deleted.ToDictionary(topic => topic.Id, _ => new List<TopicPartition>());
        foreach ((TopicPartition id, string name) in _directory.ListPartitions())
        {
            if (left.TryGetValue(id.Topic, out List<TopicPartition>? partitions))
                partitions.Add(id);
            else if (!_table.TryFind(id, out _, out _))
                _log.PartitionUnknown(name, id);
        }

        foreach (TopicEntry entry in _table.All())
            _opener.Open(entry.Partitions);
        foreach (DeletedTopic topic in deleted)
            Keep(RemoveFilesAsync(topic, left[topic.Id]));
    }

    /// <summary>Makes a topic; 0 partitions or replicas take the default. It is durable when this ends.</summary>
    public ValueTask<TopicChange> CreateAsync(CreateTopicRequest request) => InternalTopics.Contains(request.Name)
        ? new(new TopicChange(
            null, new RequestError(ErrorCode.InvalidTopicName, $"the topic name '{request.Name}' is kept for the broker itself")))
        : MakeAsync(request);

    /// <summary>Makes a topic that the broker keeps for itself; one that is there already is given with its error.</summary>
    public ValueTask<TopicChange> CreateInternalAsync(string name, int partitionCount, IReadOnlyList<ConfigEntry> configs) =>
        MakeAsync(new CreateTopicRequest(name, partitionCount, ReplicationFactor: 1, configs));

    /// <summary>
    /// Gives a topic more partitions, durably: they exist from the moment they are stored, and a start makes the directories
    /// that a crash left out.
    /// </summary>
    public async ValueTask<TopicChange> AddPartitionsAsync(AddPartitionsRequest request)
    {
        await _changes.EnterAsync();
        try
        {
            if (!TryFindChangeable(request.Topic, out TopicEntry? entry, out RequestError error))
                return new TopicChange(null, error);
            error = CheckCount(entry.Topic, request.PartitionCount);
            if (error.IsNone)
                error = CheckPartitions(request.PartitionCount - entry.Topic.PartitionCount);
            if (!error.IsNone)
                return new TopicChange(null, error);
            Topic before = entry.Topic;
            Topic after = before with { PartitionCount = request.PartitionCount };
            await _store.ReplaceAsync(after, CancellationToken.None);
            Interlocked.Add(ref _partitionCount, after.PartitionCount - before.PartitionCount);
            _opener.Open(entry.Grow(after));
            _log.TopicGrown(after, before.PartitionCount);
            return new TopicChange(entry, RequestError.None);
        }
        catch (TopicStoreException cause)
        {
            return new TopicChange(null, StoreFailed(cause));
        }
        finally
        {
            _changes.Leave();
        }
    }

    /// <summary>Changes settings of a topic, durably; they are in force when this ends.</summary>
    public async ValueTask<TopicChange> AlterAsync(AlterTopicRequest request)
    {
        if (request.Set.Count + request.Unset.Count == 0)
            return new TopicChange(null, new RequestError(ErrorCode.InvalidRequest, "no setting is to be changed"));
        await _changes.EnterAsync();
        try
        {
            if (!TryFindChangeable(request.Topic, out TopicEntry? entry, out RequestError error))
                return new TopicChange(null, error);
            Topic before = entry.Topic;
            if (!TopicConfigs.TryMerge(
                before.Configs, request.Set, request.Unset, out IReadOnlyList<ConfigEntry>? merged, out string? problem))
                return new TopicChange(null, new RequestError(ErrorCode.InvalidConfig, problem));
            Topic after = before with { Configs = merged };
            await _store.ReplaceAsync(after, CancellationToken.None);
            await entry.AlterAsync(after, new TopicConfig(merged, _topicDefaults, entry.IsInternal));
            _log.TopicAltered(after);
            return new TopicChange(entry, RequestError.None);
        }
        catch (TopicStoreException cause)
        {
            return new TopicChange(null, StoreFailed(cause));
        }
        finally
        {
            _changes.Leave();
        }
    }

    /// <summary>Ends a topic, durably; its files are removed in the background, when no reader is left.</summary>
    public async ValueTask<TopicChange> DeleteAsync(TopicReference reference)
    {
        await _changes.EnterAsync();
        try
        {
            if (!TryFindChangeable(reference, out TopicEntry? entry, out RequestError error))
                return new TopicChange(null, error);
            if (Volatile.Read(ref _deletedCount) >= BrokerLimits.DeletedTopicsMax)
            {
                return new TopicChange(null, new RequestError(
                    ErrorCode.Busy, $"the files of {BrokerLimits.DeletedTopicsMax} deleted topics wait to be removed; retry later"));
            }

            await _store.RemoveAsync(entry.Topic.Id, CancellationToken.None);
            Interlocked.Increment(ref _deletedCount);
            _table.Remove(entry);
            Interlocked.Add(ref _partitionCount, -entry.Partitions.Count);
            foreach (PartitionLeader partition in entry.Partitions)
                partition.Delete();
            _log.TopicDeleted(entry.Topic);
            Keep(RemoveFilesAsync(entry));
            return new TopicChange(entry, RequestError.None);
        }
        catch (TopicStoreException cause)
        {
            return new TopicChange(null, StoreFailed(cause));
        }
        finally
        {
            _changes.Leave();
        }
    }

    /// <summary>Ends when no change runs and no files are being removed.</summary>
    public async Task EndAsync()
    {
        await _changes.EnterAsync();
        List<Task> removals;
        lock (_gate)
            removals = [.. _removals];
        _changes.Leave();
        foreach (Task removal in removals)
            await removal;
    }

    private async ValueTask<TopicChange> MakeAsync(CreateTopicRequest request)
    {
        RequestError error = Check(request, out int partitionCount, out IReadOnlyList<ConfigEntry> configs);
        if (!error.IsNone)
            return new TopicChange(null, error);
        await _changes.EnterAsync();
        try
        {
            if (_table.TryFind(request.Name, out TopicEntry? present))
                return new TopicChange(present, new RequestError(ErrorCode.TopicAlreadyExists, $"topic '{request.Name}' exists already"));
            error = CheckRoom(partitionCount);
            if (!error.IsNone)
                return new TopicChange(null, error);
            var id = new TopicId(Uid128.NewRandom(_ports.Entropy));
            var topic = new Topic(id, request.Name, partitionCount, ReplicationFactor: 1, configs);
            await _store.AddAsync(topic, CancellationToken.None);
            TopicEntry entry = AddEntry(topic);
            _log.TopicCreated(topic);
            _opener.Open(entry.Partitions);
            return new TopicChange(entry, RequestError.None);
        }
        catch (TopicStoreException cause)
        {
            return new TopicChange(null, StoreFailed(cause));
        }
        finally
        {
            _changes.Leave();
        }
    }

    private async Task RemoveFilesAsync(TopicEntry entry)
    {
        // One that is being opened is opened to its end first: an open file is closed by its owner only.
        await entry.Settled;
        await RemoveFilesAsync(
            new DeletedTopic(entry.Topic.Id, entry.Topic.Name), entry.Partitions.Select(partition => partition.Id));
    }

    private async Task RemoveFilesAsync(DeletedTopic topic, IEnumerable<TopicPartition> partitions)
    {
        try
        {
            foreach (TopicPartition partition in partitions)
                await _directory.DeletePartitionAsync(partition, topic.Name);
            await _changes.EnterAsync();
            try
            {
                await _store.ForgetAsync(topic.Id, CancellationToken.None);
            }
            finally
            {
                _changes.Leave();
            }

            Interlocked.Decrement(ref _deletedCount);
            _log.TopicFilesRemoved(topic);
        }
#pragma warning disable CA1031 // In the background: what is left is told and removed by the next start.
        catch (Exception cause)
#pragma warning restore CA1031
        {
            _log.TopicFilesKept(topic, cause);
        }
    }

    private void Keep(Task removal)
    {
        lock (_gate)
        {
            _removals.RemoveAll(task => task.IsCompleted);
            _removals.Add(removal);
        }
    }

    private bool TryFindChangeable(TopicReference reference, [NotNullWhen(true)] out TopicEntry? entry, out RequestError error)
    {
        if (!_table.TryFind(reference, out entry, out error))
            return false;
        if (entry.IsInternal)
            error = RequestErrors.Internal(entry.Topic.Name);
        return error.IsNone;
    }

    private TopicEntry AddEntry(Topic topic)
    {
        var entry = new TopicEntry(topic, new TopicConfig(topic.Configs, _topicDefaults, InternalTopics.Contains(topic.Name)), _ports.Clock, _log);
        _table.Add(entry);
        Interlocked.Add(ref _partitionCount, topic.PartitionCount);
        return entry;
    }

    private RequestError Check(CreateTopicRequest request, out int partitionCount, out IReadOnlyList<ConfigEntry> configs)
    {
        configs = [];
        partitionCount = request.PartitionCount == 0 ? _defaultPartitionCount : request.PartitionCount;
        if (TopicName.Problem(request.Name) is { } problem)
            return new RequestError(ErrorCode.InvalidTopicName, problem);
        if (partitionCount is < 1 or > BrokerLimits.PartitionsPerTopicMax)
        {
            return new RequestError(
                ErrorCode.InvalidPartitionCount,
                $"{partitionCount} partitions are not allowed; a topic has 1 to {BrokerLimits.PartitionsPerTopicMax}");
        }

        if (request.ReplicationFactor is not (0 or 1))
        {
            return new RequestError(
                ErrorCode.InvalidReplicationFactor,
                $"{request.ReplicationFactor} replicas need as many brokers, and this broker is alone: use 1");
        }

        if (!TopicConfigs.TryNormalize(request.Configs, out IReadOnlyList<ConfigEntry>? normal, out string? refusal))
            return new RequestError(ErrorCode.InvalidConfig, refusal);
        configs = normal;
        return RequestError.None;
    }

    private RequestError CheckRoom(int partitionCount)
    {
        if (_table.Count >= BrokerLimits.TopicsMax)
            return new RequestError(ErrorCode.Busy, $"there are {BrokerLimits.TopicsMax} topics, which is the limit; delete some");
        return CheckPartitions(partitionCount);
    }

    private RequestError CheckPartitions(int partitionCount)
    {
        SpaceStatus space = _directory.Space;
        if (space.IsReached)
            return RequestErrors.ReserveReached(space, "nothing was made");
        return PartitionCount + partitionCount <= BrokerLimits.PartitionsMax
            ? RequestError.None
            : new RequestError(
                ErrorCode.InvalidPartitionCount,
                $"with {partitionCount} more there would be over {BrokerLimits.PartitionsMax} partitions on this broker");
    }

    private static RequestError CheckCount(Topic topic, int wanted)
    {
        int present = topic.PartitionCount;
        if (wanted <= present)
        {
            string why = wanted == present ? "" : ": the records of a partition belong to it, so a topic never gets fewer";
            return new RequestError(
                ErrorCode.InvalidPartitionCount, $"topic '{topic.Name}' has {present} partitions, not fewer than {wanted}{why}");
        }

        return wanted <= BrokerLimits.PartitionsPerTopicMax
            ? RequestError.None
            : new RequestError(
                ErrorCode.InvalidPartitionCount,
                $"{wanted} partitions are not allowed; a topic has at most {BrokerLimits.PartitionsPerTopicMax}");
    }

    private static RequestError StoreFailed(TopicStoreException cause)
    {
        bool isFull = cause.InnerException is Storage.Disk.DiskException { IsDiskFull: true };
        return new RequestError(isFull ? ErrorCode.DiskFull : ErrorCode.UnknownServerError, $"the change could not be stored: {cause.Message}");
    }
}

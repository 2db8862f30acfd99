using FastLog.Broker.Topics;
using FastLog.Primitives;
using FastLog.Protocol.Messages;

namespace FastLog.Broker.Partitions;

/// <summary>
/// A topic with its settings in force and its partitions. Read from any thread; changed by <see cref="TopicManager"/>, one
/// change at a time: partitions are only ever added.
/// </summary>
internal sealed class TopicEntry
{
    private readonly Lock _gate = new();
    private readonly IClock _clock;
    private readonly IBrokerLog _diagnostics;
    private TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Topic _topic;
    private TopicConfig _config;
    private int _durability;
    private PartitionLeader[] _partitions = [];
    private int _unsettled;

    public TopicEntry(Topic topic, TopicConfig config, IClock clock, IBrokerLog diagnostics)
    {
        _topic = topic;
        IsInternal = InternalTopics.Contains(topic.Name);
        _config = config;
        _durability = (int)config.Durability;
        _clock = clock;
        _diagnostics = diagnostics;
        Grow(topic);
    }

    /// <summary>Kept by the broker for itself: clients may read it only.</summary>
    public bool IsInternal { get; }

    public Topic Topic => Volatile.Read(ref _topic);

    public TopicConfig Config => Volatile.Read(ref _config);

    /// <summary>What an acknowledgement with acks=all may promise: while settings change, the less of before and after.</summary>
    public Durability Durability => (Durability)Volatile.Read(ref _durability);

    /// <summary>Ascending by partition, from 0 without gaps. A list that was taken does not change.</summary>
    public IReadOnlyList<PartitionLeader> Partitions => Volatile.Read(ref _partitions);

    /// <summary>Ends when each partition was opened, has failed, or was passed over because the topic is deleted.</summary>
    public Task Settled
    {
        get
        {
            lock (_gate)
                return _settled.Task;
        }
    }

    /// <summary>Takes over the topic as it is stored now, with more partitions; gives the new ones, which are to be opened.</summary>
    public IReadOnlyList<PartitionLeader> Grow(Topic topic)
    {
        lock (_gate)
        {
            int known = _partitions.Length;
            Invariant.Check(topic.PartitionCount > known);
            var partitions = new PartitionLeader[topic.PartitionCount];
            _partitions.CopyTo(partitions, 0);
            for (int i = known; i < partitions.Length; i++)
                partitions[i] = new PartitionLeader(this, new PartitionId(i), _clock, _diagnostics);
            _unsettled += partitions.Length - known;
            if (_settled.Task.IsCompleted)
                _settled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Volatile.Write(ref _topic, topic);
            Volatile.Write(ref _partitions, partitions);
            return partitions[known..];
        }
    }

    /// <summary>Takes over the topic as it is stored now, with other settings: in force in all partitions when this ends.</summary>
    public async Task AlterAsync(Topic topic, TopicConfig config)
    {
        if (config.Durability < Durability)
            Volatile.Write(ref _durability, (int)config.Durability);
        Volatile.Write(ref _topic, topic);
        Volatile.Write(ref _config, config);
        foreach (PartitionLeader partition in Partitions)
            await partition.ReconfigureAsync();
        Volatile.Write(ref _durability, (int)config.Durability);
    }

    /// <summary>Told once for each partition, by the opener.</summary>
    public void PartitionSettled()
    {
        lock (_gate)
        {
            if (--_unsettled == 0)
                _settled.SetResult();
        }
    }
}

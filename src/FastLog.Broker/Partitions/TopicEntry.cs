using FastLog.Broker.Topics;
using FastLog.Primitives;

namespace FastLog.Broker.Partitions;

/// <summary>A topic with its settings in force and its partitions. Thread-safe.</summary>
internal sealed class TopicEntry
{
    private readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly PartitionLeader[] _partitions;
    private int _unsettled;

    public TopicEntry(Topic topic, TopicConfig config, IClock clock, IBrokerLog diagnostics)
    {
        Topic = topic;
        Config = config;
        _partitions = new PartitionLeader[topic.PartitionCount];
        for (int i = 0; i < _partitions.Length; i++)
            _partitions[i] = new PartitionLeader(this, new PartitionId(i), clock, diagnostics);
        _unsettled = _partitions.Length;
    }

    public Topic Topic { get; }

    public TopicConfig Config { get; }

    /// <summary>Ascending by partition, from 0 without gaps.</summary>
    public IReadOnlyList<PartitionLeader> Partitions => _partitions;

    /// <summary>Ends when each partition was opened, has failed, or was passed over because the topic is deleted.</summary>
    public Task Settled => _settled.Task;

    /// <summary>Told once for each partition, by the opener.</summary>
    public void PartitionSettled()
    {
        if (Interlocked.Decrement(ref _unsettled) == 0)
            _settled.SetResult();
    }
}

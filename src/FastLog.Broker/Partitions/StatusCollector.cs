using FastLog.Storage;

namespace FastLog.Broker.Partitions;

/// <summary>Walks the partitions once for a <see cref="BrokerStatus"/>. For one thread, once.</summary>
internal sealed class StatusCollector
{
    private readonly List<TopicStatus> _topics = [];
    private int _waiting;
    private int _opening;
    private int _serving;
    private int _fenced;
    private int _failed;

    public IReadOnlyList<TopicStatus> Topics => _topics;

    public PartitionCounts Partitions => new(_waiting, _opening, _serving, _fenced, _failed);

    /// <summary>The first one found.</summary>
    public string? Problem { get; private set; }

    public void Add(TopicEntry topic)
    {
        long bytes = 0;
        int segments = 0;
        long given = 0;
        long kept = 0;
        IReadOnlyList<PartitionLeader> partitions = topic.Partitions;
        foreach (PartitionLeader partition in partitions)
        {
            PartitionStatus status = partition.Status;
            Count(partition, status);
            if (status.Log is not { } log)
                continue;
            bytes += log.SizeBytes;
            segments += log.SegmentCount;
            given += log.LogEnd.Value;
            kept += log.LogEnd.Value - log.LogStart.Value;
        }

        _topics.Add(new TopicStatus(topic.Topic.Name, partitions.Count, bytes, segments, given, kept));
    }

    private void Count(PartitionLeader partition, PartitionStatus status)
    {
        switch (status.State)
        {
            case PartitionState.Waiting:
                _waiting++;
                break;
            case PartitionState.Opening:
                _opening++;
                break;
            case PartitionState.Failed:
                _failed++;
                Problem ??= $"{partition.Topic.Topic.Name}/{partition.Id.Partition}: {status.Error.Message}";
                break;
            case PartitionState.Serving when status.Log!.Fault is { Kind: not StorageFaultKind.Deleted } fault:
                _fenced++;
                Problem ??= $"{partition.Topic.Topic.Name}/{partition.Id.Partition}: {fault.Message}";
                break;
            case PartitionState.Serving:
                _serving++;
                break;
        }
    }
}

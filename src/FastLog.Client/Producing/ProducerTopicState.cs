using FastLog.Primitives;
using FastLog.Protocol;

namespace FastLog.Client;

/// <summary>A topic as one producer sees it: a queue for each partition. Thread-safe.</summary>
internal sealed class ProducerTopicState
{
    private readonly Lock _gate = new();
    private readonly ProducerCore _producer;
    private readonly long _producerId;
    private volatile PartitionQueue[] _queues = [];
    private volatile TopicSnapshot _snapshot;
    private volatile bool _isStale;
    private volatile int _sticky;

    /// <param name="producer">The producer.</param>
    /// <param name="snapshot">The topic.</param>
    /// <param name="producerId">The id of an idempotent producer, or -1.</param>
    public ProducerTopicState(ProducerCore producer, TopicSnapshot snapshot, long producerId)
    {
        _producerId = producerId;
        _producer = producer;
        _snapshot = snapshot;
        Accept(snapshot);
        if (_queues.Length == 0)
            throw new FastLogException(ErrorCode.UnknownPartition, $"{snapshot.Name} has no partitions")
            {
                Topic = snapshot.Name,
            };

        // Clients that start together begin in different partitions.
        _sticky = (int)(producer.Ports.Entropy.NextUInt64() % (ulong)_queues.Length);
    }

    public string Name => _snapshot.Name;

    public TopicSnapshot Snapshot => _snapshot;

    public PartitionQueue[] Queues => _queues;

    /// <summary>A broker's answer showed that leaders, partitions or the id have changed.</summary>
    public bool IsStale => _isStale;

    public void MarkStale() => _isStale = true;

    /// <summary>Takes over newer metadata; partitions are only ever added.</summary>
    public void Accept(TopicSnapshot snapshot)
    {
        lock (_gate)
        {
            PartitionQueue[] queues = _queues;
            int known = queues.Length;
            if (snapshot.Partitions.Count > known)
            {
                Array.Resize(ref queues, snapshot.Partitions.Count);
                for (int i = known; i < queues.Length; i++)
                    queues[i] = new PartitionQueue(_producer, this, new PartitionId(i), _producerId);
                _queues = queues;
            }

            _snapshot = snapshot;
            _isStale = false;
        }
    }

    /// <exception cref="FastLogException">There is no such partition.</exception>
    public PartitionQueue QueueOf(PartitionId partition)
    {
        PartitionQueue[] queues = _queues;
        if ((uint)partition.Value < (uint)queues.Length)
            return queues[partition.Value];
        throw new FastLogException(
            ErrorCode.UnknownPartition, $"{Name} has no partition {partition}: it has {queues.Length}, from 0")
        {
            Topic = Name,
            Partition = partition,
        };
    }

    /// <summary>
    /// Where a record without key and partition goes: on with the batch of the last one, or on to the next partition.
    /// </summary>
    public PartitionQueue NextSticky()
    {
        PartitionQueue[] queues = _queues;
        int sticky = _sticky;
        PartitionQueue queue = queues[sticky];
        if (queues.Length == 1 || queue.HasOpenBatch)
            return queue;
        sticky = sticky + 1 < queues.Length ? sticky + 1 : 0;
        _sticky = sticky;
        return queues[sticky];
    }
}

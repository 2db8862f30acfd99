using FastLog.Primitives;
using FastLog.Protocol.Messages;

namespace FastLog.Broker.Fetching;

/// <summary>The partition that waits for its turn to be served first. Thread-safe.</summary>
internal sealed class FetchTurn
{
    private readonly Lock _gate = new();
    private TopicPartition? _next;

    /// <summary>The place in the request where serving begins.</summary>
    public int Start(ReadOnlySpan<FetchPartitionRequest> partitions)
    {
        TopicPartition? next;
        lock (_gate)
            next = _next;
        if (next is not { } wanted)
            return 0;
        for (int i = 0; i < partitions.Length; i++)
        {
            if (partitions[i].Partition == wanted)
                return i;
        }

        return 0;
    }

    public void Set(TopicPartition? next)
    {
        lock (_gate)
            _next = next;
    }
}

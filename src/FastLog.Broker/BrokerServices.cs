using FastLog.Broker.Groups;
using FastLog.Broker.Partitions;
using FastLog.Broker.Producers;
using FastLog.Broker.Requests;
using FastLog.Primitives;

namespace FastLog.Broker;

/// <summary>What the handlers of one broker share. Thread-safe.</summary>
internal sealed class BrokerServices
{
    private int _parkedFetches;
    private int _isStopping;

    public required BrokerOptions Options { get; init; }

    public required RuntimePorts Ports { get; init; }

    public required IBrokerLog Log { get; init; }

    public required TopicTable Topics { get; init; }

    public required TopicManager Manager { get; init; }

    public required PartitionOpener Opener { get; init; }

    public required ProducerIds ProducerIds { get; init; }

    public required Uid128 ClusterId { get; init; }

    public required NodeId NodeId { get; init; }

    public GroupCoordinator Groups { get; internal set; } = null!;

    public HandlerTable Handlers { get; internal set; } = null!;

    /// <summary>Where metadata sends clients; set when the port is open.</summary>
    public (string Host, int Port) Advertised { get; internal set; }

    /// <summary>New work is refused.</summary>
    public bool IsStopping => Volatile.Read(ref _isStopping) != 0;

    public int ParkedFetches => Volatile.Read(ref _parkedFetches);

    public void BeginStop() => Volatile.Write(ref _isStopping, 1);

    /// <summary>False when too many wait already.</summary>
    public bool TryCountParkedFetch()
    {
        if (Interlocked.Increment(ref _parkedFetches) <= BrokerLimits.ParkedFetchesMax)
            return true;
        Interlocked.Decrement(ref _parkedFetches);
        return false;
    }

    public void UncountParkedFetch() => Interlocked.Decrement(ref _parkedFetches);
}

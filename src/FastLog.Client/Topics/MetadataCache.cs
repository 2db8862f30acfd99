using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Messages;

namespace FastLog.Client;

/// <summary>
/// What is known of brokers and topics; asked for when missing and again when a broker's answer shows that it is old.
/// Thread-safe.
/// </summary>
internal sealed class MetadataCache(ClientCore core)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, TopicSnapshot> _topics = [];
    private readonly SortedDictionary<int, string> _addresses = [];
    private readonly Dictionary<(string Topic, bool Create), Task<TopicSnapshot>> _asking = [];
    private long _version;

    /// <summary>The brokers' addresses, ascending by node.</summary>
    public IReadOnlyList<string> Addresses
    {
        get
        {
            lock (_gate)
                return [.. _addresses.Values];
        }
    }

    public bool TryGetAddress(NodeId node, out string address)
    {
        lock (_gate)
            return _addresses.TryGetValue(node.Value, out address!);
    }

    /// <summary>The topic as known, or asked for.</summary>
    /// <param name="allowCreate">A broker for development may make it.</param>
    /// <exception cref="FastLogException">There is no such topic, no broker answers in time, …</exception>
    public async ValueTask<TopicSnapshot> GetAsync(string topic, bool allowCreate, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_topics.TryGetValue(topic, out TopicSnapshot? known) && !IsOld(known))
                return known;
        }

        return await AskAsync(topic, allowCreate, cancellationToken);
    }

    /// <summary>A newer snapshot than the one that turned out to be old.</summary>
    /// <inheritdoc cref="GetAsync"/>
    public async ValueTask<TopicSnapshot> RefreshAsync(TopicSnapshot old, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_topics.TryGetValue(old.Name, out TopicSnapshot? known) && known.Version > old.Version)
                return known;
        }

        return await AskAsync(old.Name, allowCreate: false, cancellationToken);
    }

    public void Forget(string topic)
    {
        lock (_gate)
            _topics.Remove(topic);
    }

    /// <summary>Takes over what an answer tells of brokers.</summary>
    public void Accept(MetadataResponse response)
    {
        lock (_gate)
        {
            _addresses.Clear();
            foreach (BrokerMetadata broker in response.Brokers)
            {
                if (broker.Host.Length > 0 && broker.Port is > 0 and <= ushort.MaxValue)
                    _addresses[broker.Node.Value] = ToAddress(broker);
            }
        }
    }

    private bool IsOld(TopicSnapshot known) =>
        core.Ports.Clock.Now.Since(known.LearnedAt) >= core.Options.MetadataAgeMax;

    private static string ToAddress(BrokerMetadata broker) => broker.Host.Contains(':', StringComparison.Ordinal)
        ? $"[{broker.Host}]:{broker.Port}"
        : $"{broker.Host}:{broker.Port}";

    private async Task<TopicSnapshot> AskAsync(string topic, bool allowCreate, CancellationToken cancellationToken)
    {
        // Many partitions find out at once that their metadata is old: one question serves them all.
        Task<TopicSnapshot> asking;
        lock (_gate)
        {
            if (!_asking.TryGetValue((topic, allowCreate), out asking!))
            {
                asking = FetchAsync(topic, allowCreate);
                _asking.Add((topic, allowCreate), asking);
            }
        }

        return await asking.WaitAsync(cancellationToken);
    }

    private async Task<TopicSnapshot> FetchAsync(string topic, bool allowCreate)
    {
        await Task.Yield(); // started under the lock
        try
        {
            return await core.RetryAsync(
                (connection, timeLeft, token) => FetchOnceAsync(connection, topic, allowCreate, timeLeft, token),
                isIdempotent: true,
                core.Stopping);
        }
        finally
        {
            lock (_gate)
                _asking.Remove((topic, allowCreate));
        }
    }

    private async Task<TopicSnapshot> FetchOnceAsync(
        BrokerConnection connection,
        string topic,
        bool allowCreate,
        TimeSpan timeLeft,
        CancellationToken cancellationToken)
    {
        var request = new MetadataRequest(AllTopics: false, [topic], [], allowCreate);
        MetadataResponse response = await connection.CallAsync<MetadataRequest, MetadataResponse>(
            request, timeLeft, cancellationToken);
        Accept(response);
        if (response.Topics.Count != 1 || response.Topics[0] is not { } found)
            throw new FastLogException(
                ErrorCode.InvalidFrame,
                $"{connection.Address} was asked for one topic and told of {response.Topics.Count}")
            {
                Broker = connection.Address,
            };
        if (found.Error != ErrorCode.None)
        {
            Forget(topic);
            string message = found.ErrorMessage.Length > 0 ? found.ErrorMessage : found.Error.Sentence();
            throw new FastLogException(found.Error, message)
            {
                Broker = connection.Address,
                Topic = topic,
                IsRetriable = found.Error.IsRetriable(),
            };
        }

        return Keep(topic, found);
    }

    private TopicSnapshot Keep(string topic, TopicMetadata found)
    {
        var leaders = new TopicSnapshot.PartitionLeader[found.Partitions.Count];
        Array.Fill(leaders, new TopicSnapshot.PartitionLeader(NodeId.None, LeaderEpoch.None));
        foreach (PartitionMetadata partition in found.Partitions)
        {
            if ((uint)partition.Partition.Value < (uint)leaders.Length)
                leaders[partition.Partition.Value] = new TopicSnapshot.PartitionLeader(
                    partition.Leader, partition.LeaderEpoch);
        }

        lock (_gate)
        {
            if (_topics.Count >= ClientLimits.TopicsCachedMax)
                _topics.Clear();
            var snapshot = new TopicSnapshot(topic, found.Id, leaders, ++_version, core.Ports.Clock.Now);
            _topics[topic] = snapshot;
            return snapshot;
        }
    }
}

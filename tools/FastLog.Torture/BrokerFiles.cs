using FastLog.Broker.Producers;
using FastLog.Broker.Topics;
using FastLog.Primitives;
using FastLog.Storage.Disk;

namespace FastLog.Torture;

/// <summary>The small files of a broker without a cluster in a sample's directory: its topics and the producer ids given. One thread.</summary>
internal sealed class BrokerFiles(TopicId topic)
{
    private long _firstIds;
    private long _secondIds;

    private Topic Stored => new(topic, StoredSample.Topic, 3, 1, []);

    public async Task WriteAsync(IDisk disk, RuntimePorts ports)
    {
        var topics = new LocalTopicStore(disk, StoredSample.Root, ports.BlockingExecutor, static () => false);
        await topics.LoadAsync(CancellationToken.None);
        await topics.AddAsync(Stored, CancellationToken.None);
        var ids = new LocalProducerIdStore(disk, StoredSample.Root, ports);
        _firstIds = await ids.ReserveBlockAsync();
        _secondIds = await ids.ReserveBlockAsync();
    }

    /// <summary>Reads them as a start does.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="ports">Of the process.</param>
    /// <param name="violations">Gets what must never be.</param>
    /// <returns>Typed refusals.</returns>
    public async Task<IReadOnlyList<Exception>> CheckAsync(IDisk disk, RuntimePorts ports, List<string> violations)
    {
        var refusals = new List<Exception>();
        try
        {
            var store = new LocalTopicStore(disk, StoredSample.Root, ports.BlockingExecutor, static () => true);
            TopicCatalog catalog = await store.LoadAsync(CancellationToken.None);
            bool isRight = catalog.Topics.Count == 1 && catalog.Topics[0] with { Configs = Stored.Configs } == Stored;
            if (!isRight)
                violations.Add($"wrong topics: {string.Join(", ", catalog.Topics)}");
        }
        catch (TopicStoreException refusal)
        {
            refusals.Add(refusal);
        }

        try
        {
            long next = await new LocalProducerIdStore(disk, StoredSample.Root, ports).ReserveBlockAsync();
            long block = _secondIds - _firstIds;
            if (next > _firstIds - block && next < _secondIds + block)
                violations.Add($"producer ids from {next} are given again: {_firstIds} to {_secondIds + block} were given before");
        }
        catch (ProducerIdStoreException refusal)
        {
            refusals.Add(refusal);
        }

        return refusals;
    }
}

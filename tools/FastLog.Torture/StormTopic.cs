using FastLog.Client;
using FastLog.Primitives;
using FastLog.Protocol.Messages;
using FastLog.Simulator;

namespace FastLog.Torture;

/// <summary>
/// A topic under fire: its producers, its history, and the check of all that it holds. Producers of several topics have
/// different numbers, so that a record of one that is read in another is seen. One run or check at a time.
/// </summary>
internal sealed class StormTopic
{
    private readonly int _partitionCount;
    private readonly IReadOnlyList<ConfigEntry> _settings;
    private readonly StormProducer[] _producers;
    private readonly HistoryChecker _history = new();
    private int _passes;

    public StormTopic(string name, int partitionCount, StormCrew crew, IReadOnlyList<ConfigEntry> settings, Prng prng)
    {
        Name = name;
        _partitionCount = partitionCount;
        _settings = settings;
        _producers = [.. Enumerable.Range(crew.First, crew.Count).Select(number =>
            new StormProducer(number, name, partitionCount, _history, prng.NextUInt64()) { InFlightMax = crew.InFlightMax })];
    }

    public string Name { get; }

    /// <summary>Records acknowledged until now. Any thread.</summary>
    public long Acknowledged => _producers.Sum(producer => producer.Acknowledged);

    /// <summary>What the history says now; its figures count all that was sent and read.</summary>
    public HistoryReport Report() => _history.Check();

    public async Task CreateAsync(FastLogClient client, CancellationToken cancellationToken) =>
        await client.Admin.CreateTopicAsync(Name, _partitionCount, 1, _settings, cancellationToken);

    /// <summary>Produces from all producers until the token is cancelled or the broker is gone.</summary>
    public Task ProduceAsync(string address, CancellationToken cancellationToken) =>
        Task.WhenAll(_producers.Select(producer => Task.Run(() => producer.RunAsync(address, cancellationToken), CancellationToken.None)));

    /// <summary>The power is about to be cut: see <see cref="StormProducer.PowerGoes"/>.</summary>
    public void PowerGoes()
    {
        foreach (StormProducer producer in _producers)
            producer.PowerGoes();
    }

    /// <summary>Reads everything and checks the history; what is wrong, in words.</summary>
    public async Task<IReadOnlyList<string>> CheckAsync(FastLogClient client, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> torn = await StormReader.ReadAllAsync(client, Name, _passes++, _history, cancellationToken);
        return [.. torn, .. Report().Violations.Select(violation => $"{Name}: {violation}")];
    }
}

/// <summary>The producers of a topic: numbers from the first one on.</summary>
/// <param name="First">Not used by another topic; 1 or more.</param>
/// <param name="Count">How many, a connection each.</param>
/// <param name="InFlightMax">Records of one that may wait for their answer.</param>
internal readonly record struct StormCrew(int First, int Count, int InFlightMax = StormCrew.InFlightDefault)
{
    public const int InFlightDefault = 256;
}

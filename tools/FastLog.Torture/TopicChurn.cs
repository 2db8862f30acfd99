using System.Globalization;
using FastLog.Client;
using FastLog.Primitives;
using FastLog.Protocol.Messages;

namespace FastLog.Torture;

/// <summary>
/// Makes and deletes small topics while a broker is broken under them, and checks that what was answered holds: a topic that
/// was made is there and takes records, one that was deleted stays away.
/// </summary>
internal sealed class TopicChurn(Prng prng)
{
    private const string Prefix = "churn-";
    private const int TopicsMax = 6;

    private readonly SortedDictionary<string, Fate> _topics = new(StringComparer.Ordinal);
    private long _next;
    private volatile bool _powerGoes;

    private enum Fate
    {
        /// <summary>The answer to its making or deletion never came.</summary>
        Unknown,
        Made,
        Deleted,
    }

    public long Changes { get; private set; }

    /// <summary>The power is about to be cut: see <see cref="StormProducer.PowerGoes"/>.</summary>
    public void PowerGoes() => _powerGoes = true;

    /// <summary>Makes and deletes until the token is cancelled or the broker fails.</summary>
    public async Task RunAsync(string address, CancellationToken cancellationToken)
    {
        _powerGoes = false;
        await using FastLogClient client = FastLogClient.Connect(
            new ClientOptions { Servers = [address], ClientName = "fastlog-torture", RequestTimeout = TimeSpan.FromSeconds(5) });
        string name = "";
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                string[] made = [.. _topics.Where(topic => topic.Value == Fate.Made).Select(topic => topic.Key)];
                bool delete = made.Length >= TopicsMax || (made.Length > 0 && prng.Chance(0.5));
                name = delete ? made[prng.Next(made.Length)] : string.Create(CultureInfo.InvariantCulture, $"{Prefix}{_next++}");
                _topics[name] = Fate.Unknown;
                if (delete)
                    await client.Admin.DeleteTopicAsync(name, cancellationToken);
                else
                    await client.Admin.CreateTopicAsync(name, (int)prng.Next(1, 4), 1, [new ConfigEntry("segment.bytes", "65536")], cancellationToken);
                if (_powerGoes)
                    return;
                _topics[name] = delete ? Fate.Deleted : Fate.Made;
                Changes++;
            }
        }
        catch (Exception ending) when (ending is FastLogException or OperationCanceledException)
        {
            // The broker is gone: the last topic's fate is not known.
        }
    }

    /// <summary>Compares with what the broker has now; what is wrong, in words.</summary>
    public async Task<IReadOnlyList<string>> CheckAsync(FastLogClient client, CancellationToken cancellationToken)
    {
        var wrong = new List<string>();
        IReadOnlyList<TopicListing> listing = await client.Admin.ListTopicsAsync(cancellationToken: cancellationToken);
        var present = listing.Select(topic => topic.Name).Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .ToHashSet(StringComparer.Ordinal);
        wrong.AddRange(present.Where(name => !_topics.ContainsKey(name)).Select(name => $"topic {name} was never made"));
        foreach ((string name, Fate fate) in _topics.ToArray())
        {
            bool isThere = present.Contains(name);
            if (fate == Fate.Made && !isThere)
                wrong.Add($"topic {name} was made and is gone");
            if (fate == Fate.Deleted && isThere)
                wrong.Add($"topic {name} was deleted and is back");
            if (isThere)
            {
                await client.Admin.ListOffsetsAsync(name, StartPosition.Latest, cancellationToken);
                _topics[name] = Fate.Made;
            }
            else
            {
                _topics.Remove(name);
            }
        }

        return wrong;
    }
}

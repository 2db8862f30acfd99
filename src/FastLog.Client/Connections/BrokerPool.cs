using FastLog.Primitives;

namespace FastLog.Client;

/// <summary>
/// The links of one user of connections (the admin side, a producer, a consumer): by address, made when needed.
/// Thread-safe.
/// </summary>
internal sealed class BrokerPool(ClientCore core)
{
    /// <summary>
    /// After so many failed attempts at a leader's own address, any broker that answers takes its requests.
    /// </summary>
    private const int DetourAfterFailures = 2;

    private readonly Lock _gate = new();
    private readonly List<BrokerLink> _links = [];
    private BrokerLink? _preferred;

    /// <summary>An open connection to any broker; tries each known address once.</summary>
    /// <exception cref="ServerUnreachableException">None could be reached.</exception>
    public async ValueTask<BrokerConnection> GetAnyAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _preferred)?.Current is { } current)
            return current;
        Exception? first = null;
        List<BrokerLink> candidates = Candidates();
        foreach (BrokerLink link in candidates)
        {
            try
            {
                BrokerConnection connection = await link.GetAsync(cancellationToken);
                Volatile.Write(ref _preferred, link);
                return connection;
            }
            catch (ServerUnreachableException cause)
            {
                first ??= cause;
            }
        }

        if (candidates.Count == 1)
            throw new ServerUnreachableException(first!.Message, first.InnerException)
            {
                Broker = candidates[0].Address,
                IsRetriable = true,
            };
        string tried = string.Join(", ", candidates.Select(link => link.Address));
        throw new ServerUnreachableException($"no server could be reached; tried {tried}; {first!.Message}", first)
        {
            IsRetriable = true,
        };
    }

    /// <summary>The link that serves a partition led by this node; null when the node is not known.</summary>
    public BrokerLink? Find(NodeId leader)
    {
        if (leader == NodeId.None)
            return null;
        lock (_gate)
        {
            // A connection that answers as this node counts more than the address the node gives for itself.
            foreach (BrokerLink link in _links)
            {
                if (link.Node == leader && link.Current is not null)
                    return link;
            }
        }

        if (!core.Metadata.TryGetAddress(leader, out string address))
            return null;
        BrokerLink own = LinkOf(address);
        if (own.Failures >= DetourAfterFailures && Volatile.Read(ref _preferred) is { Current: not null } detour)
            return detour;
        return own;
    }

    public async Task CloseAsync()
    {
        List<BrokerLink> links;
        lock (_gate)
            links = [.. _links];
        foreach (BrokerLink link in links)
            await link.CloseAsync();
    }

    private List<BrokerLink> Candidates()
    {
        var addresses = new List<string>(core.Options.Servers);
        foreach (string address in core.Metadata.Addresses)
        {
            if (!addresses.Contains(address))
                addresses.Add(address);
        }

        return [.. addresses.ConvertAll(LinkOf).OrderBy(static link => link.Failures)];
    }

    private BrokerLink LinkOf(string address)
    {
        lock (_gate)
        {
            foreach (BrokerLink link in _links)
            {
                if (link.Address == address)
                    return link;
            }

            var made = new BrokerLink(core, address);
            _links.Add(made);
            return made;
        }
    }
}

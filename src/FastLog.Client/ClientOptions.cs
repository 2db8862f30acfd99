namespace FastLog.Client;

/// <summary>Where the cluster is, and how patient the client is with it.</summary>
public sealed record ClientOptions
{
    public const string DefaultServer = "127.0.0.1:9500";

    public static readonly TimeSpan DefaultRequestTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Brokers to begin with, each HOST:PORT (IPv6 in brackets); one is enough. 1 to 64.</summary>
    public IReadOnlyList<string> Servers { get; init; } = [DefaultServer];

    /// <summary>Told to the broker, for its logs.</summary>
    public string ClientName { get; init; } = "fastlog-dotnet";

    /// <summary>
    /// For one call of admin or metadata with all of its retries, and for one attempt of a produce or fetch request
    /// (a fetch's long poll comes on top). More than zero.
    /// </summary>
    public TimeSpan RequestTimeout { get; init; } = DefaultRequestTimeout;

    /// <summary>For connecting to one address, hello included. More than zero.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The first pause between attempts; it doubles up to <see cref="RetryBackoffMax"/>, half of it at random.
    /// </summary>
    public TimeSpan RetryBackoffMin { get; init; } = TimeSpan.FromMilliseconds(50);

    public TimeSpan RetryBackoffMax { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Metadata older than this is asked for again, so that partitions which were added are found: by producers that spread
    /// records over all of them, and by consumers that read a whole topic. More than zero.
    /// </summary>
    public TimeSpan MetadataAgeMax { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Connection changes and retries are told here; must be short and must not throw. Any thread.</summary>
    public ClientLog? Log { get; init; }

    /// <summary>Splits HOST:PORT[,HOST:PORT…].</summary>
    /// <exception cref="FormatException">An address is not HOST:PORT.</exception>
    public static IReadOnlyList<string> ParseServers(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] servers = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (servers.Length == 0)
            throw new FormatException("no server address given: expected HOST:PORT[,HOST:PORT…]");
        foreach (string server in servers)
            _ = ServerAddress.Parse(server);
        return servers;
    }

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Servers.Count, 1, nameof(Servers));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Servers.Count, ClientLimits.ServersMax, nameof(Servers));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(RequestTimeout, TimeSpan.Zero, nameof(RequestTimeout));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(ConnectTimeout, TimeSpan.Zero, nameof(ConnectTimeout));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(RetryBackoffMin, TimeSpan.Zero, nameof(RetryBackoffMin));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(MetadataAgeMax, TimeSpan.Zero, nameof(MetadataAgeMax));
        ArgumentOutOfRangeException.ThrowIfLessThan(RetryBackoffMax, RetryBackoffMin, nameof(RetryBackoffMax));
    }
}

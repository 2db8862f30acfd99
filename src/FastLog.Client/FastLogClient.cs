using FastLog.Primitives;
using FastLog.Transport.Network;

namespace FastLog.Client;

/// <summary>
/// A client of a FastLog cluster: keeps the metadata and the settings that its producers and consumers share.
/// Thread-safe and long-lived: one for a program is enough.
/// </summary>
public sealed class FastLogClient : IAsyncDisposable
{
    private readonly ClientCore _core;
    private int _isDisposed;

    private FastLogClient(ClientOptions options, INetwork network, RuntimePorts ports)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(ports);
        options.Validate();
        _core = new ClientCore(options, network, ports);
        Admin = new Admin(_core);
    }

    /// <summary>Topics, offsets and the cluster.</summary>
    public Admin Admin { get; }

    /// <summary>
    /// Prepares a client over TCP. Connects at the first call, and again whenever a connection was lost.
    /// </summary>
    /// <exception cref="FormatException">A server address is not HOST:PORT.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public static FastLogClient Connect(ClientOptions options) =>
        new(options, SocketNetwork.Instance, SystemPorts.Create(ThreadPoolExecutor.Instance));

    /// <summary>The same over another network and other ports.</summary>
    /// <inheritdoc cref="Connect(ClientOptions)"/>
    public static FastLogClient Connect(ClientOptions options, INetwork network, RuntimePorts ports) =>
        new(options, network, ports);

    /// <summary>Makes a producer, with connections of its own; to be disposed before the client.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public Producer CreateProducer(ProducerOptions? options = null)
    {
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        ProducerOptions used = options ?? new ProducerOptions();
        used.Validate();
        return new Producer(_core, used);
    }

    /// <summary>
    /// Makes a consumer, with connections of its own; resolves its topics, start positions and, with
    /// <see cref="ConsumerOptions.StopAtEnd"/>, ends. To be disposed before the client.
    /// </summary>
    /// <exception cref="FastLogException">A topic or partition does not exist, no broker answers, …</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public async ValueTask<Consumer> CreateConsumerAsync(
        ConsumerOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        options.Validate();
        return await Consumer.CreateAsync(_core, options, cancellationToken);
    }

    /// <summary>Closes the connections; calls under way fail.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
            await _core.DisposeAsync();
    }
}
